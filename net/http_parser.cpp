#include "net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/optional.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace pennon::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

// A piece of the message by its place, because the buffer may move while the message grows.
struct Piece {
  std::size_t offset = 0;
  std::size_t size = 0;
};

class BeastParser final : public http::basic_parser<true> {
 public:
  explicit BeastParser(const HttpLimits& limits) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
    body_limit(limits.max_body_bytes);
  }

  // Where the message begins now; set before every put.
  const char* message = nullptr;
  std::size_t message_size = 0;

  Piece method;
  Piece target;
  std::vector<std::pair<Piece, Piece>> fields;
  Piece body;              // of a message with Content-Length
  std::string chunked_body;
  bool expects_continue = false;
  bool has_transfer_encoding = false;

 private:
  bool PieceOf(string_view text, Piece& piece) const {
    if (text.data() < message || text.data() + text.size() > message + message_size) return false;
    piece = {static_cast<std::size_t>(text.data() - message), text.size()};
    return true;
  }

  void on_request_impl(http::verb, string_view method_text, string_view target_text, int,
                       error_code&) override {
    PieceOf(method_text, method);
    PieceOf(target_text, target);
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field field, string_view name, string_view value,
                     error_code& ec) override {
    auto& [name_piece, value_piece] = fields.emplace_back();
    PieceOf(name, name_piece);
    // A folded value was put together in a buffer of the parser's: obsolete, and refused.
    if (!value.empty() && !PieceOf(value, value_piece)) {
      ec = make_error_code(http::error::bad_value);
    }
    if (field == http::field::expect) expects_continue = value == "100-continue";
    if (field == http::field::transfer_encoding) has_transfer_encoding = true;
  }
  void on_header_impl(error_code& ec) override {
    if (has_transfer_encoding && !chunked()) ec = make_error_code(http::error::bad_transfer_encoding);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view text, error_code&) override {
    Piece piece;
    PieceOf(text, piece);
    if (body.size == 0) body.offset = piece.offset;
    body.size += piece.size;
    return text.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view text, error_code&) override {
    chunked_body.append(text.data(), text.size());
    return text.size();
  }
  void on_finish_impl(error_code&) override {}
};

int StatusOf(const error_code& ec) {
  if (ec == http::error::header_limit) return 431;
  if (ec == http::error::body_limit) return 413;
  return 400;
}

}  // namespace

class HttpParser::Events {
 public:
  std::optional<BeastParser> parser;
  std::size_t fed = 0;
  error_code failure;
  std::string failure_text;
};

HttpParser::HttpParser(const HttpLimits& limits)
    : limits_(limits), events_(std::make_unique<Events>()) {}
HttpParser::~HttpParser() = default;

HttpParser::State HttpParser::Parse(std::span<char> message) {
  Events& events = *events_;
  if (!events.parser) events.parser.emplace(limits_);
  BeastParser& parser = *events.parser;
  parser.message = message.data();
  parser.message_size = message.size();
  while (!parser.is_done() && events.fed < message.size()) {
    error_code ec;
    const auto rest = message.subspan(events.fed);
    const std::size_t used = parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    events.fed += used;
    if (ec == http::error::need_more) {
      if (used == 0) break;
    } else if (ec) {
      events.failure = ec;
      events.failure_text = ec.message();
      return State::kFailed;
    } else if (used == 0) {
      break;
    }
  }
  if (!parser.is_done()) return State::kNeedMore;

  const auto view = [&](const Piece& piece) {
    return std::string_view(message.data() + piece.offset, piece.size);
  };
  const std::string_view target = view(parser.target);
  const std::size_t question = target.find('?');
  request_.method = view(parser.method);
  request_.path = target.substr(0, question);
  request_.query = question == std::string_view::npos ? "" : target.substr(question + 1);
  request_.headers.clear();
  for (const auto& [name, value] : parser.fields) {
    request_.headers.emplace_back(view(name), view(value));
  }
  if (parser.chunked()) {
    // A string has a terminator behind its text: the spare byte that in-place readers want.
    request_.body = {parser.chunked_body.data(), parser.chunked_body.size()};
  } else {
    request_.body = message.subspan(parser.body.offset, parser.body.size);
  }
  return State::kComplete;
}

std::size_t HttpParser::size() const { return events_->fed; }
bool HttpParser::keep_alive() const { return events_->parser->keep_alive(); }

bool HttpParser::TakeExpectContinue() {
  BeastParser& parser = *events_->parser;
  return parser.is_header_done() && std::exchange(parser.expects_continue, false);
}

int HttpParser::error_status() const { return StatusOf(events_->failure); }
std::string_view HttpParser::error() const { return events_->failure_text; }

void HttpParser::Reset() {
  events_->parser.reset();
  events_->fed = 0;
}

}  // namespace pennon::net
