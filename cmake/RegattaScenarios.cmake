# The scenarios of the house: every header that lies in scenarios/ itself. Adding one reconfigures.
#
#   regatta_list_scenarios(names)      # "channel;join;…", in alphabetical order
function(regatta_list_scenarios result)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/scenarios ${PROJECT_SOURCE_DIR}/scenarios/*.hpp)
  list(TRANSFORM headers REPLACE "\\.hpp$" "")
  list(SORT headers)
  set(${result} ${headers} PARENT_SCOPE)
endfunction()
