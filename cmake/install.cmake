# Installs the headers and share/orfeas/: configuration, version and targets files; they hold no path of this machine.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

if(PROJECT_VERSION_MAJOR GREATER_EQUAL 1)
    message(FATAL_ERROR "version ${PROJECT_VERSION}: from 1.0 on, cmake/install.cmake should say SameMajorVersion")
endif()

set(orfeas_share ${CMAKE_INSTALL_DATADIR}/orfeas)
install(TARGETS orfeas ${orfeas_target_names}
    EXPORT orfeas-targets
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT orfeas-targets NAMESPACE orfeas:: DESTINATION ${orfeas_share})

# What the configuration file knows of each component: what it uses, and the packages that it needs.
set(ORFEAS_COMPONENT_TABLE "")
foreach(name IN LISTS orfeas_targets)
    get_property(uses GLOBAL PROPERTY ORFEAS_USES_${name})
    get_property(needs GLOBAL PROPERTY ORFEAS_NEEDS_${name})
    set(present "")
    foreach(use IN LISTS uses)
        if(use IN_LIST orfeas_targets)
            list(APPEND present ${use})
        endif()
    endforeach()
    list(JOIN present " " present)
    string(APPEND ORFEAS_COMPONENT_TABLE "set(_orfeas_uses_${name} ${present})\n")
    set(packages "")
    foreach(need IN LISTS needs)
        string(TOUPPER ${need} upper)
        list(APPEND packages "\"${ORFEAS_PACKAGE_${upper}}\"")
    endforeach()
    list(JOIN packages " " packages)
    string(APPEND ORFEAS_COMPONENT_TABLE "set(_orfeas_packages_${name} ${packages})\n")
endforeach()
list(JOIN orfeas_targets " " ORFEAS_COMPONENTS)

configure_package_config_file(cmake/orfeas-config.cmake.in ${PROJECT_BINARY_DIR}/package/orfeas-config.cmake
    INSTALL_DESTINATION ${orfeas_share} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/orfeas-config-version.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
    ${PROJECT_BINARY_DIR}/package/orfeas-config.cmake
    ${PROJECT_BINARY_DIR}/package/orfeas-config-version.cmake
    DESTINATION ${orfeas_share})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/orfeas)
