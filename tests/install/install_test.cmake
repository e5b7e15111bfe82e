# Installs a build into an empty prefix, then builds and runs the consumer against nothing but that.
# cmake -D BUILD=<build folder> -D CONSUMER=<folder> -D COMPILER=<C++ compiler> -D PACKAGES=<targets> -P install_test.cmake
cmake_minimum_required(VERSION 3.25)

function(must_run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\nfailed: ${result}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(scratch "${BUILD}/install_test")
set(prefix "${scratch}/prefix")
file(REMOVE_RECURSE "${scratch}")
must_run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")

set(programs bin/mcdsl bin/mcdsl-web-embed bin/mcias-dev bin/protoc-gen-mcdsl)
file(GLOB_RECURSE installed RELATIVE "${prefix}" "${prefix}/*")
foreach(file IN LISTS installed)
  if(file MATCHES "^bin/|/internal/|\\.cc$" AND NOT file IN_LIST programs)
    message(FATAL_ERROR "${file} must not be installed")
  endif()
endforeach()

must_run("${prefix}/bin/mcias-dev" version)

must_run("${CMAKE_COMMAND}" -G Ninja -S "${CONSUMER}" -B "${scratch}/build" "-DCMAKE_PREFIX_PATH=${prefix}"
  "-DMCDSL_PREFIX=${prefix}" "-DMCDSL_PACKAGES=${PACKAGES}" "-DCMAKE_CXX_COMPILER=${COMPILER}")
must_run("${CMAKE_COMMAND}" --build "${scratch}/build")
must_run("${scratch}/build/consumer")
if(NOT output STREQUAL "404 {\"error\":\"not found\"} ba7816bf\n")
  message(FATAL_ERROR "the consumer printed: ${output}")
endif()
must_run("${scratch}/build/greeter")
if(NOT output STREQUAL "consumer.v1.Greeter.Greet answers hello, world\n")
  message(FATAL_ERROR "the service of the consumer printed: ${output}")
endif()
must_run("${scratch}/build/pages")
if(NOT output MATCHES "^<link rel=\"stylesheet\" href=\"/static/app\\.[0-9a-f]+\\.css\"><p>hello, &lt;world&gt;</p>\n$")
  message(FATAL_ERROR "the page of the consumer is: ${output}")
endif()
file(REMOVE_RECURSE "${scratch}")
