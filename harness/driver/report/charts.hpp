// Charts and the HTML page, which a Python script draws from summary.json.
#pragma once

#include <filesystem>
#include <string>

namespace regatta::driver {

/// Runs scripts/report.py for the run. Returns a sentence if that was not possible; whatever the
/// script itself says goes to our own stdout and stderr.
std::string draw_charts(const std::filesystem::path& run);

}  // namespace regatta::driver
