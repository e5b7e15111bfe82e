# mcdsl_proto_library(): what protoc makes of .proto files, as a library.
include(GNUInstallDirs)
find_package(Protobuf 3.21 REQUIRED)

# Everything that protoc makes: for tools that read our sources without a build.
add_custom_target(mcdsl_generated)

# mcdsl_proto_library(<name>
#   ROOT <folder>         where the import paths of the files begin
#   PROTOS <file>...      below ROOT, each named by its import path
#   DEPENDS <name>...     further such libraries whose files these import
#   INSTALL)              headers and .proto files are installed, for users to include and import
# A target mcdsl::<name>. The code is made in the build folder and compiled without warnings: it is not ours to change.
function(mcdsl_proto_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INSTALL" "ROOT" "PROTOS;DEPENDS")
  set(target mcdsl_${name})
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}_generated")
  file(MAKE_DIRECTORY "${folder}")
  set(imports "-I${arg_ROOT}")
  foreach(library IN LISTS arg_DEPENDS)
    get_target_property(root mcdsl_${library} MCDSL_PROTO_ROOT)
    list(APPEND imports "-I${root}")
  endforeach()

  set(sources "")
  foreach(proto IN LISTS arg_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    get_filename_component(subfolder "${proto}" DIRECTORY)
    set(depfile "${folder}/${stem}.d")
    add_custom_command(
      OUTPUT "${folder}/${stem}.pb.cc" "${folder}/${stem}.pb.h"
      COMMAND protobuf::protoc ${imports} "--cpp_out=${folder}" "--dependency_out=${depfile}" "${arg_ROOT}/${proto}"
      MAIN_DEPENDENCY "${arg_ROOT}/${proto}"
      DEPFILE "${depfile}"
      COMMENT "protoc ${proto}"
      VERBATIM)
    list(APPEND sources "${folder}/${stem}.pb.cc" "${folder}/${stem}.pb.h")
    if(arg_INSTALL)
      install(FILES "${folder}/${stem}.pb.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${subfolder}")
      install(FILES "${arg_ROOT}/${proto}" DESTINATION "${CMAKE_INSTALL_DATADIR}/mcdsl/proto/${subfolder}")
    endif()
  endforeach()

  add_custom_target(${target}_generated DEPENDS ${sources})
  add_dependencies(mcdsl_generated ${target}_generated)
  add_library(${target} ${sources})
  add_library(mcdsl::${name} ALIAS ${target})
  target_compile_features(${target} PUBLIC cxx_std_23)
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${folder}>")
  list(TRANSFORM arg_DEPENDS PREPEND mcdsl::)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} protobuf::libprotobuf Threads::Threads
    PRIVATE $<BUILD_INTERFACE:mcdsl_flags>)
  target_compile_options(${target} PRIVATE -w)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} MCDSL_PROTO_ROOT "${arg_ROOT}")
  if(arg_INSTALL)
    target_include_directories(${target} INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    install(TARGETS ${target} EXPORT mcdsl)
    set_property(GLOBAL APPEND PROPERTY MCDSL_PACKAGES ${name})
    set_property(GLOBAL APPEND PROPERTY MCDSL_THIRD_PARTY protobuf::libprotobuf)
  endif()
endfunction()
