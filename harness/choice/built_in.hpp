// The data that this box brings along, as text: profiles.json and maturity.json.
#pragma once

namespace regatta::choice {

char const* built_in_profiles_json();
char const* maturity_json();

}  // namespace regatta::choice
