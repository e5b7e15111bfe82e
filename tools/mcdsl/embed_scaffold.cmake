# Writes the files of the scaffold into a C++ source.
# cmake -D SOURCE=<folder> -D FILES=<file=when|...> -D OUTPUT=<file> -P embed_scaffold.cmake
cmake_minimum_required(VERSION 3.25)

set(rows "")
string(REPLACE "|" ";" FILES "${FILES}")
foreach(file IN LISTS FILES)
  string(REGEX MATCH "^(.*)=(.*)$" whole "${file}")
  set(path "${CMAKE_MATCH_1}")
  set(when "${CMAKE_MATCH_2}")
  file(READ "${SOURCE}/${path}" text)
  set(executable false)
  if(text MATCHES "^#!")
    set(executable true)
  endif()
  string(APPEND rows "    {\"${path}\", \"${when}\", ${executable}, R\"scaffold(${text})scaffold\"},\n")
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
