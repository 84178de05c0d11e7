# orfeas_cuda_tests(module…): tests/<module>/**/*.cu, and in a CUDA-only build cuda*_test.cpp too, as
# orfeas_test_<module>_cuda. They compile and link wherever a toolkit is; without a device they skip at run time.

function(orfeas_cuda_tests)
    if(NOT ORFEAS_NVCC)
        return()
    endif()
    foreach(module IN LISTS ARGN)
        file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${module}/*.cu)
        if(ORFEAS_CUDA_ONLY)
            file(GLOB_RECURSE host_sources CONFIGURE_DEPENDS ${module}/cuda*_test.cpp)
            list(APPEND sources ${host_sources})
        endif()
        orfeas_test(orfeas_test_${module}_cuda MODULE ${module} SOURCES ${sources} LABELS cuda)
    endforeach()
endfunction()
