# Writes which commit is being built, each time something is built. Run as a script:
#   cmake -DSOURCE=<repository> -DOUTPUT=<file> -P build_id.cmake
# The file is touched only if its content changes, so that a build without changes stays a no-op.
set(commit "")
set(dirty "false")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse HEAD
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(commit "")
  else()
    execute_process(COMMAND ${GIT} -C ${SOURCE} status --porcelain --untracked-files=no
                    OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      set(dirty "true")
    endif()
  endif()
endif()
set(content "// Written by build_id.cmake at each build.
namespace regatta::machine {
extern char const* const git_commit;
extern bool const git_dirty;
char const* const git_commit = \"${commit}\";
bool const git_dirty = ${dirty};
}  // namespace regatta::machine
")
set(previous "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} previous)
endif()
if(NOT previous STREQUAL content)
  file(WRITE ${OUTPUT} "${content}")
endif()
