#include "serving/frame_or_http.h"

#include <span>
#include <string>
#include <utility>

#include "wire/frame.h"

namespace pennon::serving {
namespace {

class FrameOrHttp final : public net::StreamProtocol {
 public:
  using Make = std::function<std::unique_ptr<net::StreamProtocol>()>;
  FrameOrHttp(Make make_frames, Make make_http)
      : make_frames_(std::move(make_frames)), make_http_(std::move(make_http)) {}

  Progress OnBytes(std::span<char> input, std::string& output) override {
    if (chosen_ == nullptr) {
      if (input.empty()) return {};
      const bool frames = static_cast<unsigned char>(input.front()) == wire::kFrameMagic;
      chosen_ = frames ? make_frames_() : make_http_();
    }
    return chosen_->OnBytes(input, output);
  }

 private:
  Make make_frames_;
  Make make_http_;
  std::unique_ptr<net::StreamProtocol> chosen_;
};

}  // namespace

std::unique_ptr<net::StreamProtocol> MakeFrameOrHttpProtocol(
    std::function<std::unique_ptr<net::StreamProtocol>()> make_frames,
    std::function<std::unique_ptr<net::StreamProtocol>()> make_http) {
  return std::make_unique<FrameOrHttp>(std::move(make_frames), std::move(make_http));
}

}  // namespace pennon::serving
