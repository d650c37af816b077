// Which contenders there are: the folder of manifests that the build leaves *is* the list.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/specification/specification.hpp"

namespace regatta::driver {

struct contender_program {
  std::string variant;               ///< The one variant that it is; empty: it may offer several.
  std::vector<std::string> command;  ///< Starts it in protocol mode; empty if it was skipped.
  std::string skipped;               ///< Why there is no program; empty if there is one.
  std::vector<std::string> laws;     ///< A command that checks the runtime's laws; empty if none.
  /// Commands of its small programs, by what they do: "task", "echo" (small_program.hpp). What is
  /// not there it does not have.
  std::map<std::string, std::vector<std::string>> small_programs = {};
};

/// Mostly one program; several where its variants need programs of their own. The first is the
/// default one. Never without any.
struct contender {
  std::string name;
  std::string kind;      ///< "c++", "rust", …, as its manifest says.
  bool measured = true;  ///< False: it is for tests, and no run takes it.
  /// What it is an example of, and so which scenarios it is asked for.
  scenarios::subject subject = scenarios::subject::runtime;
  std::vector<contender_program> programs;
};

/// Reads every manifest of the folder, in the order of their names; of several folders, "a:b", one
/// after the other, and of two contenders of one name the first. Throws ends_command for a folder
/// or manifest that cannot be read.
std::vector<contender> read_manifests(const std::filesystem::path& folder);

/// --contenders, else REGATTA_CONTENDERS, else `../contenders` beside the executable.
std::filesystem::path contenders_folder(const std::string& option);

/// A contender together with the variants that were asked for.
struct chosen_contender {
  contender who;
  bool default_variant = true;
  std::vector<std::string> variant_globs;
  /// Whether a bare star names ablations as well (harness/stats/ablation.hpp). Any other glob does.
  bool star_means_ablations = false;
};

/// What `--contender` names: a contender, a glob over contenders, `contender/variant` globs, or the
/// path of a program that speaks the protocol. Nothing named: every contender in its default
/// variant, and paths in all of theirs.
std::vector<chosen_contender> choose_contenders(const std::vector<contender>& known,
                                                const std::vector<std::string>& wanted);

}  // namespace regatta::driver
