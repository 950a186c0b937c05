#include "bench/echo_server.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <memory>

#include "bench/figure.h"

namespace pennon::bench {
namespace {

using boost::asio::local::stream_protocol;
using boost::system::error_code;

struct Sizes {
  std::size_t request;
  std::size_t answer;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(stream_protocol::socket socket, Sizes sizes)
      : socket_(std::move(socket)), sizes_(sizes) {}

  void Read() {
    socket_.async_read_some(boost::asio::buffer(input_.data() + held_, input_.size() - held_),
                            [self = shared_from_this()](const error_code& ec, std::size_t size) {
                              if (!ec) self->Answer(size);
                            });
  }

 private:
  void Answer(std::size_t size) {
    held_ += size;
    output_.clear();
    std::size_t done = 0;
    for (; held_ - done >= sizes_.request; done += sizes_.request) {
      output_.append(input_.data() + done, sizes_.answer);
    }
    held_ -= done;
    if (held_ > 0) std::memmove(input_.data(), input_.data() + done, held_);
    if (output_.empty()) return Read();
    boost::asio::async_write(socket_, boost::asio::buffer(output_),
                             [self = shared_from_this()](const error_code& ec, std::size_t) {
                               if (!ec) self->Read();
                             });
  }

  stream_protocol::socket socket_;
  Sizes sizes_;
  std::array<char, 64 * 1024> input_{};
  std::size_t held_ = 0;
  std::string output_;
};

void Accept(stream_protocol::acceptor& acceptor, Sizes sizes) {
  acceptor.async_accept([&acceptor, sizes](const error_code& ec, stream_protocol::socket socket) {
    if (!ec) std::make_shared<Session>(std::move(socket), sizes)->Read();
    Accept(acceptor, sizes);
  });
}

}  // namespace

void ServeEcho(const std::string& path, std::size_t request_bytes, std::size_t answer_bytes) {
  boost::asio::io_context io(1);
  stream_protocol::acceptor acceptor(io, stream_protocol::endpoint(path));
  Accept(acceptor, {request_bytes, answer_bytes});
  io.run();
  Abort("the echo server has ended");
}

}  // namespace pennon::bench
