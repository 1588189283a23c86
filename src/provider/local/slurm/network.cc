#include "provider/local/slurm/network.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace slipway::provider::local::slurm {

std::string host_name() {
  std::array<char, 256> name = {};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::vector<std::string> addresses_of(const std::string& host) {
  std::vector<std::string> addresses;
  addrinfo hints = {}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return addresses;
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, INET_ADDRSTRLEN> text;
    const auto* address = reinterpret_cast<const sockaddr_in*>(each->ai_addr);
    addresses.emplace_back(::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()));
  }
  ::freeaddrinfo(found);
  return addresses;
}

Network choose_network(std::string_view host, const std::vector<std::string>& addresses) {
  Network network{.host = std::string(host.substr(0, host.find('.')))};
  const auto is_loopback = [](const std::string& address) { return address.starts_with("127."); };
  if (addresses.empty() || !std::ranges::all_of(addresses, is_loopback)) return network;
  network.address = addresses.front();
  network.listen = network.address == "127.0.0.1" ? Network::Listen::loopback : Network::Listen::controller;
  return network;
}

}  // namespace slipway::provider::local::slurm
