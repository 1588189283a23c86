// type.yaml as anybody may upload it: read, or refused with problems, and never more than that. What is accepted binds
// the parameters of its own configurations.

#include <string_view>

#include "broker/type_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace slipway::broker;
  constexpr std::string_view kDocument =
      "schemaVersion: '0.3'\nmainSteps:\n  - {name: W, action: 'aws:sleep', inputs: {Duration: PT1S}, isEnd: true}\n";
  static const slipway::workflow::ActionRegistry none;
  const TypeFiles files{.name = "thing",
                        .files = {{"type.yaml", std::string(reinterpret_cast<const char*>(data), size)},
                                  {"d.yaml", std::string(kDocument)},
                                  {"t.yaml", "{}"}}};
  const auto read = read_type(files, none);
  if (!read.type) return 0;
  for (const auto& configuration : read.type->configurations) {
    const auto bound = bind_parameters(*read.type, configuration.name, {});
    if (bound) (void)read.type->idle_after(*bound);
  }
  return 0;
}
