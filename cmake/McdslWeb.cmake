# mcdsl_templates() and mcdsl_assets(): pages and what they load, as part of a program. Installed, so that
# find_package(mcdsl) brings them.

# mcdsl_web_embed(<kind> <stem> <sources> NAMESPACE <namespace> FUNCTION <name> ROOT <folder> FILES <file>...)
# For the two below: the custom command that makes <stem>.h and <stem>.cc; <sources> is set to their names.
function(mcdsl_web_embed kind stem sources)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "NAMESPACE;FUNCTION;ROOT" "FILES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAMESPACE OR NOT arg_FILES)
    message(FATAL_ERROR "mcdsl_${kind}(): NAMESPACE and FILES are needed; unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(root "${CMAKE_CURRENT_SOURCE_DIR}")
  if(arg_ROOT)
    cmake_path(ABSOLUTE_PATH arg_ROOT BASE_DIRECTORY "${root}" NORMALIZE OUTPUT_VARIABLE root)
  endif()
  list(TRANSFORM arg_FILES PREPEND "${root}/" OUTPUT_VARIABLE files)
  cmake_path(GET stem PARENT_PATH folder)
  file(MAKE_DIRECTORY "${folder}")
  set(tool "$<TARGET_FILE:mcdsl::mcdsl-web-embed>")
  add_custom_command(
    OUTPUT "${stem}.cc" "${stem}.h"
    COMMAND "${tool}" ${kind} "${arg_NAMESPACE}" "${arg_FUNCTION}" "${stem}" "${root}" ${arg_FILES}
    DEPENDS "${tool}" ${files}
    COMMENT "mcdsl-web-embed ${kind} ${arg_FILES}"
    VERBATIM)
  set(${sources} "${stem}.cc" "${stem}.h" PARENT_SCOPE)
endfunction()

# For the two below: a library of them.
function(mcdsl_web_library target kind)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}_generated")
  mcdsl_web_embed(${kind} "${folder}/${target}" generated FUNCTION ${kind} ${ARGN})
  # For tools that read sources without a build of them.
  add_custom_target(${target}_generated DEPENDS ${generated})
  if(TARGET mcdsl_generated)
    add_dependencies(mcdsl_generated ${target}_generated)
  endif()
  add_library(${target} ${generated})
  add_dependencies(${target} ${target}_generated)
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_compile_options(${target} PRIVATE -w)
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${folder}>")
  target_link_libraries(${target}
    PUBLIC mcdsl::web_templates
    PRIVATE $<BUILD_INTERFACE:$<TARGET_NAME_IF_EXISTS:mcdsl_flags>>)
endfunction()

# mcdsl_templates(<target>
#   NAMESPACE <namespace>   where "<target>.h" declares `mcdsl::web::TemplateSource templates() noexcept`
#   ROOT <folder>           where the files lie; this source folder where none is named
#   FILES <file>...)        below ROOT; their names are what {{include}} and render() call them
# A library with the files in it. A template that is not safe or not whole fails the build, with file and line.
function(mcdsl_templates target)
  mcdsl_web_library(${target} templates ${ARGN})
endfunction()

# mcdsl_assets(<target> NAMESPACE <namespace> ROOT <folder> FILES <file>...)
# The same for what pages load: `mcdsl::web::AssetSource assets() noexcept`. Each is hashed and packed at build time.
function(mcdsl_assets target)
  mcdsl_web_library(${target} assets ${ARGN})
endfunction()
