# mcdsl_proto(): what protoc makes of .proto files, as a library. Installed, so that find_package(mcdsl) brings it.

# mcdsl_proto(<target>
#   PROTOS <file>...      below ROOT, each named by its import path
#   ROOT <folder>         where the import paths of the files begin; this source folder where none is named
#   DEPENDS <target>...   further such libraries whose files these import
#   MESSAGES_ONLY)        no services, and nothing but protobuf is linked
# A library of the messages ("<stem>.pb.h") and the services ("<stem>.mcdsl.h"), made in the build folder. The files of
# mcdsl::proto (google/api, google/rpc, grpc/health, mcdsl/v1) can be imported, and so can google/protobuf. The code is
# compiled without warnings: it is not ours to change.
function(mcdsl_proto target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "MESSAGES_ONLY" "ROOT" "PROTOS;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_PROTOS)
    message(FATAL_ERROR "mcdsl_proto(${target}): PROTOS names the files; unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(root "${CMAKE_CURRENT_SOURCE_DIR}")
  if(arg_ROOT)
    cmake_path(ABSOLUTE_PATH arg_ROOT BASE_DIRECTORY "${root}" NORMALIZE OUTPUT_VARIABLE root)
  endif()
  set(libraries ${arg_DEPENDS})
  if(NOT arg_MESSAGES_ONLY)
    list(APPEND libraries mcdsl::proto)
  endif()

  set(roots "${root}")
  foreach(library IN LISTS libraries)
    get_target_property(roots_of_library ${library} MCDSL_PROTO_ROOTS)
    if(NOT roots_of_library)
      message(FATAL_ERROR "mcdsl_proto(${target}): DEPENDS names ${library}, which mcdsl_proto() did not make")
    endif()
    list(APPEND roots ${roots_of_library})
  endforeach()
  list(REMOVE_DUPLICATES roots)

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}_generated")
  file(MAKE_DIRECTORY "${folder}")
  set(endings .pb.cc .pb.h)
  set(arguments "--cpp_out=${folder}")
  set(plugin "")
  if(NOT arg_MESSAGES_ONLY)
    # In front, as in the list that protoc writes: ninja wants both to begin with the same file.
    list(PREPEND endings .mcdsl.cc .mcdsl.h)
    set(plugin "$<TARGET_FILE:mcdsl::protoc-gen-mcdsl>")
    list(APPEND arguments "--plugin=protoc-gen-mcdsl=${plugin}" "--mcdsl_out=${folder}")
  endif()
  list(TRANSFORM roots PREPEND "-I" OUTPUT_VARIABLE imports)

  set(generated "")
  foreach(proto IN LISTS arg_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    list(TRANSFORM endings PREPEND "${folder}/${stem}" OUTPUT_VARIABLE outputs)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc ${imports} ${arguments} "--dependency_out=${folder}/${stem}.d" "${root}/${proto}"
      MAIN_DEPENDENCY "${root}/${proto}"
      DEPENDS ${plugin}
      DEPFILE "${folder}/${stem}.d"
      COMMENT "protoc ${proto}"
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()

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
    PUBLIC ${libraries} $<$<NOT:$<BOOL:${arg_MESSAGES_ONLY}>>:mcdsl::grpcserver> protobuf::libprotobuf Threads::Threads
    PRIVATE $<BUILD_INTERFACE:$<TARGET_NAME_IF_EXISTS:mcdsl_flags>>)
  set_target_properties(${target} PROPERTIES MCDSL_PROTO_ROOTS "${roots}")
endfunction()
