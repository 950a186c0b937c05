#include "bench/frame_server.h"

#include <unistd.h>

#include "base/clock.h"
#include "bench/figure.h"
#include "net/unix_socket.h"
#include "net/worker_pool.h"
#include "serving/evaluation_service.h"
#include "serving/frame_protocol.h"

namespace pennon::bench {

void ServeFrames(const std::string& path, std::shared_ptr<const serving::AttachedImage> image) {
  const base::CoarseClock clock;
  serving::EvaluationService service(clock);
  serving::Published published;
  published.environment = image->snapshot().environment();
  published.source = serving::Source::kLive;
  published.confirmed_at = clock.Steady();
  published.image = std::move(image);
  service.Publish(std::make_shared<const serving::Published>(std::move(published)));

  const serving::FrameProtocolOptions options{"bench", {}};
  auto socket = net::UnixSocket::Listen({.path = path});
  if (!socket) Abort(socket.error().Message());
  net::WorkerPool pool(1);
  pool.Serve(socket->Release(), {}, [&](std::size_t, const net::Peer&, net::LateAnswer late) {
    return serving::MakeFrameProtocol(service, options, std::move(late));
  });
  pool.Start();
  for (;;) ::pause();
}

}  // namespace pennon::bench
