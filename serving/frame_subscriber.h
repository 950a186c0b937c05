// A subscription of a frames connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "net/stream_protocol.h"
#include "serving/subscriber.h"

namespace pennon::serving {

/// Answers the frame `id` again and again. `open` becomes false when the connection is gone.
std::shared_ptr<Subscriber> MakeFrameSubscriber(const net::LateAnswer& late,
                                                std::shared_ptr<const std::atomic<bool>> open,
                                                std::uint32_t id);

}  // namespace pennon::serving
