#include "provider/local/programs/virtual_environment.h"

#include <fmt/format.h>

#include <fstream>

#include "base/text.h"
#include "process/account.h"
#include "provider/local/as_account.h"
#include "provider/local/test_support.h"

namespace slipway::provider::local::programs {
namespace {

using VirtualEnvironment = MachineTest;

TEST_F(VirtualEnvironment, is_taken_into_use_by_several_brokers_at_once) {
  constexpr int kBrokers = 4;
  constexpr int kRounds = 50;
  const std::string requirements = "# shared\n";
  const auto root = settings.environments_dir / ".venvs" / base::sha256_hex(requirements).substr(0, 24);
  process::make_folder(root, account).value();
  {
    const AsAccount as(account);
    std::ofstream(root / ".complete") << "";
  }
  const Machine machine{.runtime = runtime,
                        .supervisors = *supervisors,
                        .ports = *ports,
                        .resources = *resources,
                        .settings = settings,
                        .account = account,
                        .installation = "this"};
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::unique_ptr<VirtualEnvironments>> brokers;
    std::vector<base::Result<std::string>> taken(kBrokers, base::internal("not begun"));
    net::TaskGroup launches(runtime);
    for (int i = 0; i < kBrokers; ++i) {
      brokers.push_back(std::make_unique<VirtualEnvironments>(machine));
      launches.spawn("launch", [&, i]() -> boost::asio::awaitable<void> {
        taken[i] = co_await brokers[i]->make(base::EnvironmentId(fmt::format("env-{:012}", round * kBrokers + i)),
                                             requirements, std::chrono::seconds(30), [](std::string) {});
      });
    }
    net::run_to_end(runtime, [&] { return launches.join(); });
    for (const auto& one : taken) ASSERT_TRUE(one) << one.error().message;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root), std::filesystem::directory_iterator()),
            1 + kRounds * kBrokers);
}

}  // namespace
}  // namespace slipway::provider::local::programs
