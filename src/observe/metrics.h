#pragma once
// Numbers for /metrics in Prometheus's text form. Made once in the composition root and passed by reference; every
// folder makes its own counters when it starts and keeps the handles. Names: slipway_<what>_<unit>, counters end in
// _total.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace slipway::observe {

// Handles: cheap to copy, valid as long as their Metrics, usable from any thread.
class Counter {
 public:
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  void add(double amount = 1);  // amount >= 0
  double value() const;

 private:
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  void set(double value);
  void add(double amount);
  double value() const;

 private:
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  void observe(double value);

 private:
  prometheus::Histogram* histogram_;
};

class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  Metrics();
  ~Metrics();

  // Equal name and labels give the same number. One name has one kind: anything else is a bug and throws.
  Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds`: upper bounds of the buckets, rising.
  Histogram histogram(const std::string& name, const std::string& help, const Labels& labels = {},
                      const std::vector<double>& bounds = latency_seconds());
  static const std::vector<double>& latency_seconds();  // 0.5 ms to 30 s

  // `refresh` runs before every print, on the printing thread: for gauges that are cheaper to look up than to keep.
  void before_print(std::function<void()> refresh);
  // The text exposition format, version 0.0.4. Called on the I/O thread.
  std::string print();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Registers process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds, process_threads and
// process_start_time_seconds of this process, read from /proc at every print.
void add_process_metrics(Metrics& metrics);

}  // namespace slipway::observe
