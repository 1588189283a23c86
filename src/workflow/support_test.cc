// main() of this folder's tests: they start supervisors, which are this program again.

#include <gtest/gtest.h>

#include <string_view>

#include "process/supervisor.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "supervise") return slipway::process::supervise(argv[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
