# One call a folder: hourglass_module(tcp SOURCES a.cpp b.cpp DEPENDS wire base) makes the target hourglass_tcp with the
# project's settings; hourglass_test(tcp ...) makes the test program test_tcp and registers its cases with CTest.
# LIBRARIES names targets of other packages, as in fmt::fmt.

set(HOURGLASS_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
option(HOURGLASS_WERROR "Treat warnings as errors" ${PROJECT_IS_TOP_LEVEL})
if(HOURGLASS_WERROR)
    list(APPEND HOURGLASS_WARNINGS -Werror)
endif()

# libstdc++ shows std::expected only to compilers that announce the concepts of C++20 in full. Clang has them from
# version 16 on but announces them from 19 on.
set(HOURGLASS_CLANG_CONCEPTS
    "$<$<AND:$<CXX_COMPILER_ID:Clang>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,19>>:SHELL:-U__cpp_concepts -D__cpp_concepts=202002L>")

# GCC 12 sees an overlap where a literal and a temporary string are added (its bug 105651).
list(APPEND HOURGLASS_WARNINGS
    "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>")

# What GCC is told for a release beside -O3. A segment crosses a dozen files of the folders below, so the program and the
# benchmarks are optimised across them when they are linked; tests link the same objects' machine code, which takes no
# time. Structures of a few hundred octets are copied and cleared by moves of words: GCC 12 takes "rep movs" for them on x86, whose start
# costs more than the copy.
option(HOURGLASS_LTO "Optimise release builds across files when linking (GCC)" ${PROJECT_IS_TOP_LEVEL})
set(HOURGLASS_GCC_RELEASE "$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>")
set(HOURGLASS_LTO_FOLDERS base wire tcp udp ip)
set(HOURGLASS_LTO_COMPILE)
set(HOURGLASS_LTO_LINK)
set(HOURGLASS_NO_LTO_LINK)
set(HOURGLASS_OPTIMISATION)
if(HOURGLASS_LTO)
    set(HOURGLASS_LTO_COMPILE "$<${HOURGLASS_GCC_RELEASE}:-flto=auto;-ffat-lto-objects>")
    set(HOURGLASS_LTO_LINK "$<${HOURGLASS_GCC_RELEASE}:-flto=auto>")
    set(HOURGLASS_NO_LTO_LINK "$<${HOURGLASS_GCC_RELEASE}:-fno-lto>")
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    foreach(what IN ITEMS memcpy memset)
        set(strategy "-m${what}-strategy=unrolled_loop:512:noalign$<COMMA>libcall:-1:noalign")
        list(APPEND HOURGLASS_OPTIMISATION "$<${HOURGLASS_GCC_RELEASE}:${strategy}>")
    endforeach()
endif()

function(hourglass_settings target scope)
    target_compile_features(${target} ${scope} cxx_std_23)
    target_compile_options(${target} ${scope} "${HOURGLASS_CLANG_CONCEPTS}")
    if(NOT scope STREQUAL "INTERFACE")
        target_compile_options(${target} PRIVATE ${HOURGLASS_WARNINGS})
        set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    endif()
endfunction()

function(hourglass_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBRARIES")
    set(target hourglass_${name})
    add_library(${target} STATIC ${arg_SOURCES})
    hourglass_settings(${target} PUBLIC)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${target} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
        PRIVATE ${PROJECT_SOURCE_DIR}/src)
    foreach(dependency IN LISTS arg_DEPENDS)
        target_link_libraries(${target} PUBLIC hourglass_${dependency})
    endforeach()
    target_link_libraries(${target} PUBLIC ${arg_LIBRARIES})
    target_compile_options(${target} PRIVATE ${HOURGLASS_OPTIMISATION})
    if(name IN_LIST HOURGLASS_LTO_FOLDERS)
        target_compile_options(${target} PRIVATE ${HOURGLASS_LTO_COMPILE})
    endif()
    set_property(GLOBAL APPEND PROPERTY HOURGLASS_MODULES ${target})
    set_property(TARGET ${target} PROPERTY HOURGLASS_LIBRARIES "${arg_LIBRARIES}")
endfunction()

function(hourglass_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBRARIES")
    set(target test_${name})
    add_executable(${target} ${arg_SOURCES})
    hourglass_settings(${target} PRIVATE)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
    foreach(dependency IN LISTS arg_DEPENDS)
        target_link_libraries(${target} PRIVATE hourglass_${dependency})
    endforeach()
    target_link_libraries(${target} PRIVATE GTest::gtest_main GTest::gmock ${arg_LIBRARIES})
    target_link_options(${target} PRIVATE ${HOURGLASS_NO_LTO_LINK})
    include(GoogleTest)
    gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
    add_dependencies(hourglass_tests ${target})
endfunction()
