#include "provider/local/slurm/fleet.h"

namespace slipway::provider::local::slurm {

namespace {

const NodeView* view_of(const ClusterView& view, const Node& node) {
  const auto found = view.nodes.find(node.name);
  return found == view.nodes.end() ? nullptr : &found->second;
}

FleetOrders stop_orders(const Cluster& cluster, const ClusterView& view) {
  FleetOrders orders;
  for (const auto& [partition, state] : view.partitions) {
    if (state != "inactive") orders.deactivate.push_back(partition);
  }
  orders.settled = orders.deactivate.empty();
  for (const auto& node : cluster.nodes) {
    const auto* seen = view_of(view, node);
    if (!seen || seen->is_off()) continue;
    orders.settled = false;
    // Ordered again, a node that is going would begin anew.
    if (!seen->is_going()) orders.power_down_force.push_back(node.name);
  }
  return orders;
}

// Puts the node's order, if any, into `orders`; true where the node is on its way.
bool run_node(const Node& node, const NodeView& seen, bool marked, FleetOrders& orders) {
  if (seen.is_down() && seen.is_off()) {
    orders.power_down.push_back(node.name);  // it did not come in time; this makes it idle~
    return true;
  }
  if (seen.is_down() && !marked) {
    orders.power_down_force.push_back(node.name);  // nothing would ever start it
    return true;
  }
  if (!node.is_static) return false;
  if (seen.is_off()) {
    orders.power_up.push_back(node.name);
    return true;
  }
  return seen.is_going() || seen.is_coming();
}

FleetOrders run_orders(const Cluster& cluster, const ClusterView& view, const std::set<std::string>& marked) {
  FleetOrders orders;
  bool waiting = false;  // for a static node: a job must not find its partition without
  for (const auto& node : cluster.nodes) {
    const auto* seen = view_of(view, node);
    if (!seen || !run_node(node, *seen, marked.contains(node.name), orders)) continue;
    orders.settled = false;
    waiting = waiting || node.is_static;
  }
  for (const auto& [partition, state] : view.partitions) {
    if (state != "inactive") continue;
    orders.settled = false;
    if (!waiting) orders.activate.push_back(partition);
  }
  return orders;
}

}  // namespace

FleetOrders fleet_orders(const Cluster& cluster, broker::Fleet wanted, const ClusterView& view,
                         const std::set<std::string>& marked) {
  return wanted == broker::Fleet::stopped ? stop_orders(cluster, view) : run_orders(cluster, view, marked);
}

}  // namespace slipway::provider::local::slurm
