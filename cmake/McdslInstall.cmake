# Makes the installed package: headers and libraries are installed by mcdsl_package(), this adds what find_package() reads.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(MCDSL_INSTALL_PROTODIR "${CMAKE_INSTALL_DATADIR}/mcdsl/proto")

# How a user's build finds the third-party library behind a target that one of our packages links.
set(mcdsl_finds_OpenSSL "find_dependency(OpenSSL 3.0)")
set(mcdsl_finds_SQLite "find_dependency(SQLite3)")
set(mcdsl_finds_fmt "find_dependency(fmt)")
set(mcdsl_finds_ZLIB "find_dependency(ZLIB)")
set(mcdsl_finds_zstd "find_dependency(zstd)")
set(mcdsl_finds_protobuf "find_dependency(Protobuf 3.21)")

# mcdsl_install(): call it when every package has been declared.
function(mcdsl_install)
  get_property(libraries GLOBAL PROPERTY MCDSL_THIRD_PARTY)
  list(FILTER libraries INCLUDE REGEX "^[A-Za-z0-9_]+::")
  list(TRANSFORM libraries REPLACE "::.*" "")
  list(REMOVE_DUPLICATES libraries)
  list(SORT libraries)
  set(MCDSL_FIND_DEPENDENCIES "")
  foreach(library IN LISTS libraries)
    if(NOT DEFINED mcdsl_finds_${library})
      message(FATAL_ERROR "cmake/McdslInstall.cmake does not say how an installed mcdsl finds ${library}")
    endif()
    string(APPEND MCDSL_FIND_DEPENDENCIES "${mcdsl_finds_${library}}\n")
  endforeach()

  set(destination "${CMAKE_INSTALL_LIBDIR}/cmake/mcdsl")
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/mcdslConfig.cmake.in" "${PROJECT_BINARY_DIR}/mcdslConfig.cmake"
    INSTALL_DESTINATION "${destination}" PATH_VARS MCDSL_INSTALL_PROTODIR)
  # Before 1.0 a minor version may change the interface.
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/mcdslConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/mcdslConfig.cmake" "${PROJECT_BINARY_DIR}/mcdslConfigVersion.cmake"
      "${PROJECT_SOURCE_DIR}/cmake/McdslProto.cmake" "${PROJECT_SOURCE_DIR}/cmake/McdslWeb.cmake"
    DESTINATION "${destination}")
  install(EXPORT mcdsl FILE mcdslTargets.cmake NAMESPACE mcdsl:: DESTINATION "${destination}")
endfunction()
