# SANITIZE is a list for -fsanitize=, for example "address,undefined"; the program stops at
# the first finding. FUZZ builds the libFuzzer targets of tests/fuzz (clang only).
set(SANITIZE "" CACHE STRING "sanitizers to build with, for example address,undefined")
option(FUZZ "build the fuzz targets (clang)" OFF)

if(FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "FUZZ needs clang: apt-get install clang libclang-rt-14-dev, then "
                        "cmake --preset fuzz")
endif()
if(FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SANITIZE)
    add_compile_options(-fsanitize=${SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${SANITIZE})
    # gcc does not see through its own instrumentation what fits where, and takes back at ?: the
    # conversions that we spelt out; the builds without sanitizers have the warning.
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        target_compile_options(warnings INTERFACE -Wno-conversion -Wno-sign-conversion)
    endif()
endif()
