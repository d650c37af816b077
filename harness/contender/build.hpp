// How this program was built: facts for the row that its numbers will stand in.
#pragma once

#include <string>

namespace regatta::contender::build {

std::string compiler();   // "g++ 12.2.0"
std::string flags();      // "-O3 -DNDEBUG"
std::string allocator();  // who serves operator new, and who serves frames
std::string version();    // of Regatta

}  // namespace regatta::contender::build
