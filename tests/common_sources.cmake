# orfeas_common_sources(OUT folder): the library of what the tests in tests/<folder> have in common, its *.cpp that are no
# tests; empty if there are none.

function(orfeas_common_sources out folder)
    set(${out} "" PARENT_SCOPE)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
    if(NOT sources)
        return()
    endif()
    set(name orfeas_test_${folder}_common)
    add_library(${name} STATIC EXCLUDE_FROM_ALL ${sources})
    target_link_libraries(${name} PRIVATE orfeas_dev orfeas::orfeas)
    target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    set(${out} ${name} PARENT_SCOPE)
endfunction()
