# Installs the contenders of a build: each program, and each manifest with the program's new place, told from
# where the manifest lies. Part of `cmake --install`; wants BUILD, DATA and PROGRAMS (below the prefix).
set(root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH programs_from_manifest "${root}/${DATA}" "${root}/${PROGRAMS}")
file(GLOB manifests "${BUILD}/contenders/*.json")

string(REGEX REPLACE "([][+.*()^$?|\\\\])" "\\\\\\1" build_pattern "${BUILD}")

foreach(manifest IN LISTS manifests)
  file(READ "${manifest}" text)
  # What a build left as a single file of its own can go elsewhere; what a language's own tools run from the
  # source tree stays there.
  string(REGEX MATCHALL "\"${build_pattern}/[^\"]*\"" paths "${text}")
  list(REMOVE_DUPLICATES paths)
  foreach(quoted IN LISTS paths)
    string(REGEX REPLACE "^\"|\"$" "" path "${quoted}")
    if(EXISTS "${path}" AND NOT IS_DIRECTORY "${path}")
      file(INSTALL DESTINATION "${root}/${PROGRAMS}" TYPE PROGRAM FILES "${path}")
      get_filename_component(name "${path}" NAME)
      string(REPLACE "${quoted}" "\"${programs_from_manifest}/${name}\"" text "${text}")
    else()
      message(STATUS "Not built, and so not installed: ${path}")
      # A contender that is missing is shown as such; laws that are missing are just not tested, and small programs
      # are not measured.
      string(REPLACE "\"laws\": [${quoted}]" "\"laws\": []" text "${text}")
      string(REPLACE "\"task\": [${quoted}]" "\"task\": []" text "${text}")
      string(REPLACE "\"echo\": [${quoted}]" "\"echo\": []" text "${text}")
    endif()
  endforeach()
  get_filename_component(name "${manifest}" NAME)
  message(STATUS "Installing: ${root}/${DATA}/${name}")
  file(WRITE "${root}/${DATA}/${name}" "${text}")
endforeach()
