#include "observe/metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace slipway::observe {

namespace {
prometheus::Labels to_labels(const Metrics::Labels& labels) {
  return {labels.begin(), labels.end()};
}
}  // namespace

void Counter::add(double amount) {
  counter_->Increment(amount);
}
double Counter::value() const {
  return counter_->Value();
}
void Gauge::set(double value) {
  gauge_->Set(value);
}
void Gauge::add(double amount) {
  gauge_->Increment(amount);
}
double Gauge::value() const {
  return gauge_->Value();
}
void Histogram::observe(double value) {
  histogram_->Observe(value);
}

struct Metrics::Impl {
  prometheus::Registry registry;
  std::vector<std::function<void()>> refreshes;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
  return Counter(family.Add(to_labels(labels)));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
  return Gauge(family.Add(to_labels(labels)));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help, const Labels& labels,
                             const std::vector<double>& bounds) {
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
  return Histogram(family.Add(to_labels(labels), bounds));
}

const std::vector<double>& Metrics::latency_seconds() {
  static const std::vector<double> bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                          0.25,   0.5,   1,      2.5,   5,    10,    30};
  return bounds;
}

void Metrics::before_print(std::function<void()> refresh) {
  impl_->refreshes.push_back(std::move(refresh));
}

std::string Metrics::print() {
  for (const auto& refresh : impl_->refreshes) refresh();
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace slipway::observe
