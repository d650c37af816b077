// The wording of the claims, as text: claims.json.
#pragma once

namespace regatta::claims {

char const* claims_json();

}  // namespace regatta::claims
