// embed OUTPUT.cc NAME.yaml...: writes the OpenAPI documents as JSON text into a C++ file, so that the program parses
// no YAML of its own when it starts. Run by the build (src/CMakeLists.txt).

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/yaml.h"

namespace {
// Clang bounds a string literal at 64 KiB unless told otherwise; adjacent ones are joined.
constexpr std::size_t kPieceBytes = 16'000;

std::string literal(std::string_view text) {
  std::string code;
  for (; !text.empty(); text.remove_prefix(std::min(kPieceBytes, text.size()))) {
    code += "\n    R\"openapi(";
    code += text.substr(0, kPieceBytes);
    code += ")openapi\"";
  }
  return code;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: embed OUTPUT.cc NAME.yaml...\n", stderr), 2;
  std::string code =
      "// Made by tools/embed from openapi/*.yaml; do not edit.\n#include \"http/openapi.h\"\n\n"
      "namespace slipway::http {\n\nstd::string_view openapi_document([[maybe_unused]] std::string_view name) {\n";
  for (int i = 2; i < argc; ++i) {
    const auto document = slipway::base::parse_yaml(read_file(argv[i]));
    if (!document) {
      fmt::print(stderr, "{}: {}\n", argv[i], document.error().message);
      return 1;
    }
    const auto json = boost::json::serialize(document->to_json());
    code += fmt::format("  if (name == \"{}\") {{\n    return {{{},\n    {}}};\n  }}\n",
                        std::filesystem::path(argv[i]).stem().string(), literal(json), json.size());
  }
  code += "  return {};\n}\n\n}  // namespace slipway::http\n";
  std::ofstream file(argv[1]);
  file << code;
  file.close();
  return file ? 0 : 1;
}
