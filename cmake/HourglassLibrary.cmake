# What others link and find: all modules but the command line as one archive, libhourglass.a, with its CMake package.

# Used by sources only and made of headers only: no user of the installed archive needs them.
set(HOURGLASS_HEADER_ONLY CLI11::CLI11 nlohmann_json::nlohmann_json)

function(hourglass_library)
    get_property(modules GLOBAL PROPERTY HOURGLASS_MODULES)
    list(REMOVE_ITEM modules hourglass_cli)
    add_library(hourglass STATIC)
    add_library(hourglass::hourglass ALIAS hourglass)
    hourglass_settings(hourglass PUBLIC)
    set_target_properties(hourglass PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(hourglass PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

    # As hourglass_runtime says it of itself: all that share Asio's memory have to find the same.
    target_compile_definitions(hourglass PUBLIC ASIO_HAS_STD_ALIGNED_ALLOC)

    set(libraries)
    foreach(module IN LISTS modules)
        target_sources(hourglass PRIVATE $<TARGET_OBJECTS:${module}>)
        get_target_property(used ${module} HOURGLASS_LIBRARIES)
        list(APPEND libraries ${used})
    endforeach()
    list(REMOVE_DUPLICATES libraries)
    list(REMOVE_ITEM libraries ${HOURGLASS_HEADER_ONLY})
    target_link_libraries(hourglass PUBLIC ${libraries})

    set(packages)
    foreach(library IN LISTS libraries)
        if(library MATCHES "^(.+)::")
            list(APPEND packages ${CMAKE_MATCH_1})
        endif()
    endforeach()
    list(REMOVE_DUPLICATES packages)
    hourglass_install("${packages}")
endfunction()

function(hourglass_install packages)
    include(CMakePackageConfigHelpers)
    set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/hourglass)
    list(TRANSFORM packages REPLACE "(.+)" "find_dependency(\\1)" OUTPUT_VARIABLE HOURGLASS_FIND_DEPENDENCIES)
    list(JOIN HOURGLASS_FIND_DEPENDENCIES "\n" HOURGLASS_FIND_DEPENDENCIES)
    configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/hourglassConfig.cmake.in
        ${PROJECT_BINARY_DIR}/hourglassConfig.cmake INSTALL_DESTINATION ${folder})
    write_basic_package_version_file(${PROJECT_BINARY_DIR}/hourglassConfigVersion.cmake
        COMPATIBILITY SameMinorVersion)

    install(TARGETS hourglass EXPORT hourglassTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    # Whoever links the archive may have another compiler than the one whose intermediate code is in it.
    if(HOURGLASS_LTO AND CMAKE_OBJCOPY)
        install(CODE "execute_process(COMMAND \"${CMAKE_OBJCOPY}\" --wildcard --remove-section=.gnu.lto_* \
\"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:hourglass>\" COMMAND_ERROR_IS_FATAL ANY)")
    endif()
    install(EXPORT hourglassTargets NAMESPACE hourglass:: DESTINATION ${folder})
    install(FILES ${PROJECT_BINARY_DIR}/hourglassConfig.cmake ${PROJECT_BINARY_DIR}/hourglassConfigVersion.cmake
        DESTINATION ${folder})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/hourglass DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    if(TARGET hourglass_program)
        install(TARGETS hourglass_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
    if(TARGET hourglass_packetdrill)
        install(TARGETS hourglass_packetdrill LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    endif()
endfunction()
