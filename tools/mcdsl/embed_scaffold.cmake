# Writes the files of the scaffold into a C++ source.
# cmake -D SOURCE=<folder> -D FILES=<file=when|...> -D ROOT=<repository> -D SHARED=<file=|...> -D OUTPUT=<file>
#   -P embed_scaffold.cmake
cmake_minimum_required(VERSION 3.25)

set(rows "")

# Appends a file's row to `rows`.
function(append_row path when text)
  set(executable false)
  if(text MATCHES "^#!")
    set(executable true)
  endif()
  set(rows "${rows}    {\"${path}\", \"${when}\", ${executable}, R\"scaffold(${text})scaffold\"},\n" PARENT_SCOPE)
endfunction()

string(REPLACE "|" ";" FILES "${FILES}")
foreach(file IN LISTS FILES)
  string(REGEX MATCH "^(.*)=(.*)$" whole "${file}")
  set(path "${CMAKE_MATCH_1}")
  set(when "${CMAKE_MATCH_2}")
  file(READ "${SOURCE}/${path}" text)
  append_row("${path}" "${when}" "${text}")
endforeach()

# What the repository has for mcq, under the name that the scaffold's service has.
string(REPLACE "|" ";" SHARED "${SHARED}")
foreach(file IN LISTS SHARED)
  string(REPLACE "=" "" path "${file}")
  string(REPLACE "my-notes" "mcq" source "${path}")
  file(READ "${ROOT}/${source}" text)
  string(REPLACE "mcq, the reading queue" "my-notes" text "${text}")
  string(REPLACE "mcq" "my-notes" text "${text}")
  string(REPLACE "MCQ" "MY_NOTES" text "${text}")
  append_row("${path}" "" "${text}")
endforeach()

file(WRITE "${OUTPUT}" "#include \"tools/mcdsl/scaffold_files.h\"

#include <array>

namespace mcdsl::tool {

std::span<const ScaffoldFile> scaffold_files() noexcept {
  static constexpr auto kFiles = std::to_array<ScaffoldFile>({
${rows}  });
  return kFiles;
}

}  // namespace mcdsl::tool
")
