# Builds a contender of another language. Where that fails, the contender's manifest says so in the place of a
# command, and the build of everything else goes on: a toolchain that has a bad day costs one row.
#
#   cmake -D NAME=tokio -D REQUIRED=0 -D MANIFEST=contenders/tokio.json -D LOG=build.log
#         -P foreign_build.cmake -- COMMAND…
include(${CMAKE_CURRENT_LIST_DIR}/RegattaRuntime.cmake)

set(command "")
set(is_command FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(is_command)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(is_command TRUE)
  endif()
endforeach()

# What an earlier build that failed has put in its place.
if(EXISTS ${MANIFEST}.built)
  file(RENAME ${MANIFEST}.built ${MANIFEST})
endif()

execute_process(COMMAND ${command} OUTPUT_FILE ${LOG} ERROR_FILE ${LOG} RESULT_VARIABLE failed)
if(NOT failed)
  return()
endif()

file(STRINGS ${LOG} lines)
list(POP_BACK lines last_line)
list(JOIN command " " command)
set(why "its build failed (${command}): ${last_line}; the whole output is in ${LOG}")
if(REQUIRED)
  list(JOIN lines "\n" output)
  message(FATAL_ERROR "${output}\n${NAME}: ${why}")
endif()
file(RENAME ${MANIFEST} ${MANIFEST}.built)
regatta_json_string(reason "${why}")
file(WRITE ${MANIFEST} "{\"name\": \"${NAME}\", \"programs\": [{\"skipped\": ${reason}}]}\n")
message(WARNING "Contender ${NAME} is skipped: ${why}")
