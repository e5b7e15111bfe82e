# mcdsl_package(): one package = one folder = one namespace = one target.

if(MCDSL_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  # One precompiled header of the test framework, shared by every test program.
  file(WRITE "${PROJECT_BINARY_DIR}/test_pch.cc" "")
  add_library(mcdsl_test_pch OBJECT "${PROJECT_BINARY_DIR}/test_pch.cc")
  target_link_libraries(mcdsl_test_pch PRIVATE mcdsl_flags GTest::gmock GTest::gtest Threads::Threads)
  if(MCDSL_PRECOMPILED_HEADERS)
    target_precompile_headers(mcdsl_test_pch PRIVATE
      <gmock/gmock.h> <gtest/gtest.h> <chrono> <filesystem> <functional> <memory> <string> <thread> <vector>)
  endif()
endif()

# mcdsl_test(<target> SOURCES <file>... LIBRARIES <library>...)
# A GoogleTest program; each of its tests is a ctest test of its own.
function(mcdsl_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES;DEFINITIONS")
  if(NOT MCDSL_TESTS)
    return()
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE mcdsl_flags ${arg_LIBRARIES} GTest::gmock GTest::gtest GTest::gmock_main)
  target_compile_definitions(${target} PRIVATE ${arg_DEFINITIONS})
  if(MCDSL_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM mcdsl_test_pch)
  endif()
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST)
endfunction()

# Sets <result> to whether a library is a target without anything to link.
function(mcdsl_is_header_only library result)
  set(${result} FALSE PARENT_SCOPE)
  if(TARGET ${library})
    get_target_property(type ${library} TYPE)
    get_target_property(links ${library} INTERFACE_LINK_LIBRARIES)
    if(type STREQUAL INTERFACE_LIBRARY AND NOT links)
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

# mcdsl_package(<name>
#   HEADERS <header>...            public headers, installed, each compiling alone
#   SOURCES <source>...            sources and private headers
#   DEPENDS <package>...           packages of this project that the public headers or sources use
#   LIBRARIES <library>...         third-party libraries, never visible to users of the package
#   TESTS <test>...                unit tests, one program <name>_test
#   TEST_DEPENDS <package>...      further packages that only the tests use
#   BENCHMARKS <bench>...          Google Benchmark sources, one program <name>_bench
#   FUZZERS <fuzzer>...            libFuzzer sources <what>_fuzz.cc, one program each)
function(mcdsl_package name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;DEPENDS;LIBRARIES;TESTS;TEST_DEPENDS;BENCHMARKS;FUZZERS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mcdsl_package(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()

  set(target mcdsl_${name})
  add_library(${target} ${arg_SOURCES})
  add_library(mcdsl::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_HEADERS})
  foreach(library IN LISTS arg_LIBRARIES)
    mcdsl_is_header_only(${library} header_only)
    if(header_only)
      list(APPEND libraries $<BUILD_INTERFACE:${library}>)  # nothing of it is left for whoever links the package
    else()
      list(APPEND libraries ${library})
      set_property(GLOBAL APPEND PROPERTY MCDSL_THIRD_PARTY ${library})
    endif()
  endforeach()
  list(TRANSFORM arg_DEPENDS PREPEND mcdsl::)
  list(TRANSFORM arg_TEST_DEPENDS PREPEND mcdsl::)
  target_link_libraries(${target}
    PUBLIC ${arg_DEPENDS} Threads::Threads
    PRIVATE $<BUILD_INTERFACE:mcdsl_flags> ${libraries})
  install(TARGETS ${target} EXPORT mcdsl FILE_SET HEADERS)
  set_property(GLOBAL APPEND PROPERTY MCDSL_PACKAGES ${name})

  if(arg_TESTS)
    mcdsl_test(${name}_test SOURCES ${arg_TESTS} LIBRARIES mcdsl::${name} ${arg_TEST_DEPENDS} ${arg_LIBRARIES})
  endif()
  if(arg_BENCHMARKS AND MCDSL_TESTS)
    find_package(benchmark REQUIRED)
    add_executable(${name}_bench ${arg_BENCHMARKS})
    target_link_libraries(${name}_bench PRIVATE mcdsl_flags mcdsl::${name} ${arg_TEST_DEPENDS} ${arg_LIBRARIES}
      benchmark::benchmark_main)
  endif()
  if(MCDSL_FUZZERS)
    foreach(source IN LISTS arg_FUZZERS)
      get_filename_component(fuzzer "${source}" NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE mcdsl_flags mcdsl::${name} ${arg_TEST_DEPENDS})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
