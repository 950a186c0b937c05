#include "serving/frame_subscriber.h"

#include <string>
#include <utility>

#include "wire/frame_control.h"

namespace pennon::serving {
namespace {

using wire::ChangeScope;

class FrameSubscriber final : public Subscriber {
 public:
  FrameSubscriber(net::LateAnswer late, std::shared_ptr<const std::atomic<bool>> open,
                  std::uint32_t id)
      : late_(std::move(late)), open_(std::move(open)), id_(id) {}

  [[nodiscard]] bool is_open() const override { return open_->load(std::memory_order_relaxed); }
  void Tell(const Change& change) override {
    Push(change, change.keys == nullptr ? ChangeScope::kAll : ChangeScope::kKeys);
  }
  void Beat(const Change& current) override { Push(current, ChangeScope::kNone); }
  void End() override { late_("", true); }

 private:
  void Push(const Change& change, ChangeScope scope) {
    wire::FrameChanged changed{change.epoch, change.revision, change.source,
                               scope,        change.version,  {}};
    if (scope == ChangeScope::kKeys) {
      changed.keys.assign(change.keys->begin(), change.keys->end());
    }
    std::string frame;
    wire::AppendChanged(frame, id_, changed);
    late_.Push(std::move(frame));
  }

  net::LateAnswer late_;
  std::shared_ptr<const std::atomic<bool>> open_;
  std::uint32_t id_;
};

}  // namespace

std::shared_ptr<Subscriber> MakeFrameSubscriber(const net::LateAnswer& late,
                                                std::shared_ptr<const std::atomic<bool>> open,
                                                std::uint32_t id) {
  return std::make_shared<FrameSubscriber>(late, std::move(open), id);
}

}  // namespace pennon::serving
