#include "cli/context.h"

#include <ostream>

#include "cli/output.h"

namespace slipway::cli {

base::Result<Client> Context::connect(const Settings& settings) const {
  auto connection = TRY(find_server(settings, variables));
  auto carrier = TRY(transport(connection));
  return Client(std::move(connection), std::move(carrier));
}

void Context::show(const View& view, const Settings& settings) const {
  out << render(view, settings.output) << std::flush;
}

}  // namespace slipway::cli
