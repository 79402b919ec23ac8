# One list for code and tests, clean on gcc 12 and clang 14. -Werror is a choice: on in CI
# and in the dev presets, off for packagers.
option(WERROR "treat warnings as errors" OFF)

add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wcast-align
    -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference)
if(WERROR)
    target_compile_options(warnings INTERFACE -Werror)
endif()
