# The CUDA language for tests and examples, where a toolkit is: ORFEAS_NVCC is the compiler, or empty.
# The library itself needs no nvcc: it opens the driver at run time.

include_guard(GLOBAL)

set(ORFEAS_NVCC "")
if(ORFEAS_HAS_CUDA)
    set(ORFEAS_NVCC ${CUDAToolkit_NVCC_EXECUTABLE})
endif()
if(ORFEAS_NVCC)
    # PTX of the oldest architecture that CUDA 12 and 13 share: the driver compiles it for the device that it finds.
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
        set(CMAKE_CUDA_ARCHITECTURES 75-virtual)
    endif()
    if(NOT DEFINED CMAKE_CUDA_COMPILER)
        set(CMAKE_CUDA_COMPILER ${ORFEAS_NVCC})
    endif()
    enable_language(CUDA)
    if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION) # CMake 3.25 does not know that nvcc 12 has C++20
        set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
        set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    endif()
    set(CMAKE_CUDA_STANDARD 20)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
endif()
