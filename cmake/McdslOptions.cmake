# Options of the build and the flags that follow from them. Presets set these; see CMakePresets.json.
option(MCDSL_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)
option(MCDSL_PRECOMPILED_HEADERS "Precompile the test framework's headers" ON)
option(MCDSL_COVERAGE "Build with gcov counters" OFF)
option(MCDSL_FUZZERS "Build the fuzzers (clang only)" OFF)
option(MCDSL_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
set(MCDSL_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

find_program(MCDSL_CCACHE ccache)
if(MCDSL_CCACHE)
  # pch_defines: ccache may cache users of a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${MCDSL_CCACHE})
endif()

find_package(Threads REQUIRED)

# What every target of this project compiles with; never part of the installed interface.
add_library(mcdsl_flags INTERFACE)
target_compile_options(mcdsl_flags INTERFACE
  -Wall -Wextra -Wpedantic $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local> $<$<CXX_COMPILER_ID:Clang>:-Wshadow> -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${MCDSL_WARNINGS_AS_ERRORS}>:-Werror>
  # Optimising, g++ 12 sees bounds broken inside std::string's own operator+ (GCC bug 105329): shown, but no errors.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-error=array-bounds$<SEMICOLON>-Wno-error=stringop-overflow>
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  $<$<BOOL:${MCDSL_COVERAGE}>:--coverage>
  -fstack-protector-strong)
target_link_options(mcdsl_flags INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:-fuse-ld=lld-19>
  $<$<BOOL:${MCDSL_COVERAGE}>:--coverage>)
if(MCDSL_SANITIZE)
  target_compile_options(mcdsl_flags INTERFACE -fsanitize=${MCDSL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mcdsl_flags INTERFACE -fsanitize=${MCDSL_SANITIZE})
endif()
if(MCDSL_FUZZERS)
  target_compile_options(mcdsl_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
