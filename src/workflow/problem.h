#pragma once
// What the loader found wrong in a document, all of it at once (automation-documents.md, 1.11).

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/yaml.h"

namespace slipway::workflow {

struct Problem {
  std::string code;      // E-KEY refuses the document, W-UNREACH only warns
  std::string document;  // its name or path
  std::string pointer;   // "/mainSteps/2/nextStep"
  base::YamlMark mark;
  std::string message;  // what was found, what is allowed

  bool warning() const { return code.starts_with("W-"); }
};

// "launch.yaml:12:9: E-TARGET /mainSteps/2/nextStep: ...".
std::string to_string(const Problem& problem);

class Problems {
 public:
  static constexpr std::size_t kLimit = 100;

  explicit Problems(std::string document) : document_(std::move(document)) {}
  // Beyond the limit nothing is added.
  void add(std::string code, std::string pointer, base::YamlMark mark, std::string message);
  // What base::parse_yaml refused the text with, as E-PARSE where its message says; `hint` behind it.
  void add_refusal(const base::Error& refusal, std::string_view hint = {});
  bool refused() const { return refused_; }  // one of them is no warning
  std::vector<Problem> take();               // in the order of the document's lines

 private:
  std::string document_;
  std::vector<Problem> all_;
  bool refused_ = false;
};

// "; did you mean X?" with the word of `known` that `word` most probably meant, whatever its case; empty where none is
// near.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace slipway::workflow
