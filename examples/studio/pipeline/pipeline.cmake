# orfeas_studio_pipeline: the studio's pipeline, for the service, its tests and its benchmarks; declared where Eigen,
# libpng and libjpeg are found. orfeas_studio_kernels: its CUDA kernels, where a toolkit is.

include_guard(GLOBAL)

set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)
find_package(PNG QUIET)
find_package(JPEG QUIET)
unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)

if(NOT (PNG_FOUND AND JPEG_FOUND AND ORFEAS_HAS_EIGEN))
    message(STATUS "orfeas: the studio is left out: it needs libpng, libjpeg-turbo and Eigen")
    return()
endif()

get_filename_component(studio_folder ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
add_library(orfeas_studio_pipeline INTERFACE)
target_include_directories(orfeas_studio_pipeline INTERFACE ${studio_folder})
target_link_libraries(orfeas_studio_pipeline INTERFACE orfeas::memory PNG::PNG JPEG::JPEG Eigen3::Eigen)

if(ORFEAS_NVCC)
    add_library(orfeas_studio_kernels STATIC ${studio_folder}/kernels/relief.cu)
    target_include_directories(orfeas_studio_kernels PUBLIC ${studio_folder})
    target_link_libraries(orfeas_studio_kernels PUBLIC orfeas::core PRIVATE CUDA::cudart)
endif()
