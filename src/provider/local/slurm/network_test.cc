#include "provider/local/slurm/network.h"

#include <gtest/gtest.h>

namespace slipway::provider::local::slurm {
namespace {

TEST(Network, listens_on_loopback_alone_where_the_hosts_name_is_there) {
  const auto network = choose_network("vm.example.org", {"127.0.0.1", "127.0.0.1"});
  EXPECT_EQ(network.host, "vm");
  EXPECT_EQ(network.address, "127.0.0.1");
  EXPECT_EQ(network.listen, Network::Listen::loopback);
}

TEST(Network, follows_a_name_that_is_another_loopback_address) {
  const auto network = choose_network("vm", {"127.0.1.1"});
  EXPECT_EQ(network.address, "127.0.1.1");
  EXPECT_EQ(network.listen, Network::Listen::controller);
}

TEST(Network, is_open_where_the_name_is_elsewhere_or_unknown) {
  for (const auto& addresses : {std::vector<std::string>{}, {"10.0.0.7"}, {"127.0.0.1", "10.0.0.7"}}) {
    const auto network = choose_network("vm", addresses);
    EXPECT_EQ(network.address, "127.0.0.1");
    EXPECT_EQ(network.listen, Network::Listen::open);
  }
}

}  // namespace
}  // namespace slipway::provider::local::slurm
