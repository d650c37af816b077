# The scenarios of the house: every header that lies in scenarios/ itself. Adding one reconfigures.
#
#   regatta_list_scenarios(names)      # "channel;join;…", in alphabetical order

# Where runtimes/ and scenarios/ lie: the source tree, or what an installed Regatta brings of it.
if(NOT REGATTA_HOUSE)
  get_filename_component(REGATTA_HOUSE ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
endif()

function(regatta_list_scenarios result)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${REGATTA_HOUSE}/scenarios ${REGATTA_HOUSE}/scenarios/*.hpp)
  list(TRANSFORM headers REPLACE "\\.hpp$" "")
  list(SORT headers)
  set(${result} ${headers} PARENT_SCOPE)
endfunction()
