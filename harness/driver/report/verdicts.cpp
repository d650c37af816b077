#include "harness/driver/report/verdicts.hpp"

#include <filesystem>

#include "harness/choice/choice.hpp"
#include "harness/claims/claims.hpp"

namespace regatta::driver {

using json = nlohmann::ordered_json;

json read_laws(const run_folder& folder) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder.path() / "laws.json", ignored)) return {};
  return folder.read_json("laws.json").at("laws");
}

json claims_of_run(const run_folder& folder, const run_summary& summary,
                   const std::vector<int>& only) {
  const json laws = read_laws(folder);
  return claims::claims_document(summary.samples, summary.document, laws, only);
}

void write_verdicts(const run_folder& folder, const run_summary& summary) {
  folder.write("claims.json", claims_of_run(folder, summary, {}).dump(1) + "\n");
  folder.write("choice.json", choice::choice_document(summary.samples, summary.document,
                                                      choice::built_in_profiles())
                                      .dump(1) +
                                  "\n");
}

}  // namespace regatta::driver
