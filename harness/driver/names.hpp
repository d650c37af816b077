// Finding things by the names that a user types: globs, and near names for what was mistyped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace regatta::driver {

/// Shell globs (*, ?, [abc]); `*` does not cross a `/`.
bool matches_glob(const std::string& glob, const std::string& name);

/// Up to three of `names` that look like `typed`, nearest first.
std::vector<std::string> near_names(std::string_view typed, const std::vector<std::string>& names);

/// "; did you mean skynet?", or what there is if nothing is near: "; there are: a, b, c".
std::string suggestion(std::string_view typed, const std::vector<std::string>& names);

/// "a, b, c"
std::string joined(const std::vector<std::string>& names, std::string_view separator = ", ");

}  // namespace regatta::driver
