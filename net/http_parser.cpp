#include "net/http_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/optional.hpp>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "net/stream_protocol.h"

namespace pennon::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

constexpr std::string_view kBlankLine = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

// A piece of the message by its place, because the buffer may move while the message grows.
struct Piece {
  std::size_t offset = 0;
  std::size_t size = 0;
};

// What has been understood of a message. Outlives the parser of one message to keep its memory.
struct Parsed {
  Piece method;
  Piece target;
  std::vector<std::pair<Piece, Piece>> fields;
  std::optional<Piece> body;  // of a message with Content-Length
  std::string chunked_body;
  bool is_http_1_0 = false;
  bool expects_continue = false;
  bool has_length = false;
  bool has_unknown_coding = false;

  void Clear() {
    EmptyForNext(fields);
    body.reset();
    EmptyForNext(chunked_body);
    expects_continue = has_length = has_unknown_coding = false;
  }
};

class BeastParser final : public http::basic_parser<true> {
 public:
  BeastParser(Parsed& parsed, const HttpLimits& limits) : parsed_(parsed) {
    // Beast measures the header by the pieces it is fed; HttpParser measures the whole.
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(limits.max_body_bytes);
  }

  /// Where the message is now; said before every put.
  void Locate(std::span<const char> message) { message_ = message; }

 private:
  bool PieceOf(string_view text, Piece& piece) const {
    const char* const begin = message_.data();
    if (text.data() < begin || text.data() + text.size() > begin + message_.size()) return false;
    piece = {static_cast<std::size_t>(text.data() - begin), text.size()};
    return true;
  }

  // A folded value (obsolete, and refused) lies in a buffer of Beast's, or lines after its name.
  bool IsFolded(const Piece& name, const Piece& value) const {
    for (std::size_t i = name.offset + name.size; i < value.offset; ++i) {
      if (message_[i] == '\r') return true;
    }
    return false;
  }

  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code& ec) override {
    if (!PieceOf(method, parsed_.method)) ec = make_error_code(http::error::bad_method);
    if (!PieceOf(target, parsed_.target)) ec = make_error_code(http::error::bad_target);
    parsed_.is_http_1_0 = version == 10;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field field, string_view name, string_view value,
                     error_code& ec) override {
    if (is_header_done()) return;  // a trailer must not pass for a header
    Piece name_piece;
    Piece value_piece;
    if (!PieceOf(name, name_piece) || !PieceOf(value, value_piece) ||
        IsFolded(name_piece, value_piece)) {
      ec = make_error_code(http::error::bad_value);
      return;
    }
    parsed_.fields.emplace_back(name_piece, value_piece);
    if (field == http::field::content_length) {
      // Two lengths, even equal ones, are what a request hidden behind another looks like.
      if (parsed_.has_length || value.find(',') != string_view::npos) {
        ec = make_error_code(http::error::multiple_content_length);
      }
      parsed_.has_length = true;
    } else if (field == http::field::transfer_encoding) {
      parsed_.has_unknown_coding = !boost::beast::iequals(value, "chunked");
      if (parsed_.is_http_1_0 || parsed_.has_unknown_coding) {
        ec = make_error_code(http::error::bad_transfer_encoding);
      }
    } else if (field == http::field::expect) {
      parsed_.expects_continue =
          !parsed_.is_http_1_0 && boost::beast::iequals(value, "100-continue");
    }
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view text, error_code&) override {
    Piece piece;
    PieceOf(text, piece);
    if (!parsed_.body) parsed_.body = Piece{piece.offset, 0};
    parsed_.body->size += piece.size;
    return text.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view extensions, error_code& ec) override {
    // In quotes Beast takes the end of a line for text; others do not, and would see other chunks.
    if (extensions.find('\n') != string_view::npos) {
      ec = make_error_code(http::error::bad_chunk_extension);
    }
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view text, error_code&) override {
    parsed_.chunked_body.append(text.data(), text.size());
    return text.size();
  }
  void on_finish_impl(error_code&) override {}

  Parsed& parsed_;
  std::span<const char> message_;
};

// Whether a chunk's size and extensions end within a quoted value.
bool EndsInQuotes(std::string_view line) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') is_quoted = !is_quoted;
    if (line[i] == '\\' && is_quoted) ++i;
  }
  return is_quoted;
}

}  // namespace

class HttpParser::Events {
 public:
  Parsed parsed;
  std::optional<BeastParser> parser;
  std::size_t fed = 0;
  std::size_t header_size = 0;  // once it is complete
  std::size_t chunk_line = 0;   // how much of an unfinished chunk has no end of its first line
  int error_status = 0;
  std::string error;

  State Fail(int status, std::string what) {
    error_status = status;
    error = std::move(what);
    return State::kFailed;
  }
  State Fail(const error_code& ec) {
    if (ec == http::error::body_limit) return Fail(413, "the body is too large");
    if (parsed.has_unknown_coding) return Fail(501, "the transfer coding is not supported");
    return Fail(400, ec.message());
  }

  // Gives the parser all that it has not seen.
  error_code Feed(std::span<char> message) {
    parser->Locate(message);
    while (!parser->is_done() && fed < message.size()) {
      const auto rest = message.subspan(fed);
      // Of an unfinished message at least this much is still to come, and with less of an empty
      // body Beast fails an assertion.
      if (header_size > 0 && parser->chunked() && rest.size() < kLastChunk.size()) break;
      error_code ec;
      const std::size_t used = parser->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
      fed += used;
      if (header_size == 0 && parser->is_header_done()) header_size = fed;
      if (ec && ec != http::error::need_more) return ec;
      if (used > 0) {
        chunk_line = 0;
        continue;
      }
      if (parser->chunked() && HasOpenLine({rest.data(), rest.size()})) {
        return make_error_code(http::error::bad_chunk_extension);
      }
      break;
    }
    return {};
  }

  // A quoted value must end on its line. Beast would look for its end behind that: from the line's
  // beginning whenever more comes, and counting the chunk's size each time.
  bool HasOpenLine(std::string_view chunk) {
    const std::size_t begin = chunk.starts_with(kBlankLine) ? kBlankLine.size() : 0;
    const std::size_t end = chunk.find('\n', std::max(begin, chunk_line));
    chunk_line = std::min(end, chunk.size());
    return end != std::string_view::npos && EndsInQuotes(chunk.substr(begin, end - begin));
  }

  // Frames of chunks count as well, or one-byte chunks would fill the buffer with framing. Of what
  // is not fed yet, a few bytes may be of the body; more are the beginning of a frame.
  [[nodiscard]] bool HasTooMuchFraming(std::size_t message_size, const HttpLimits& limits) const {
    if (!parser->chunked()) return false;
    const std::size_t rest = parser->is_done() ? 0 : message_size - fed;
    const std::size_t seen = rest < kLastChunk.size() ? fed : message_size;
    return seen - header_size - parsed.chunked_body.size() >
           limits.max_header_bytes + limits.max_body_bytes;
  }
};

HttpParser::HttpParser(const HttpLimits& limits)
    : limits_(limits), events_(std::make_unique<Events>()) {}
HttpParser::~HttpParser() = default;

HttpParser::State HttpParser::Parse(std::span<char> message) {
  Events& events = *events_;
  if (!events.parser) events.parser.emplace(events.parsed, limits_);
  const BeastParser& parser = *events.parser;
  const error_code ec = events.Feed(message);
  const bool is_header_done = events.header_size > 0;
  if (is_header_done ? events.header_size > limits_.max_header_bytes
                     : message.size() >= limits_.max_header_bytes && !ec) {
    return events.Fail(431, "the header is too large");
  }
  if (ec) return events.Fail(ec);
  if (is_header_done && events.HasTooMuchFraming(message.size(), limits_)) {
    return events.Fail(413, "the body has too much chunk framing");
  }
  if (!parser.is_done()) return State::kNeedMore;
  Describe(message);
  return State::kComplete;
}

void HttpParser::Describe(std::span<char> message) {
  Parsed& parsed = events_->parsed;
  const auto view = [&](const Piece& piece) {
    return std::string_view(message.data() + piece.offset, piece.size);
  };
  const std::string_view target = view(parsed.target);
  const std::size_t question = target.find('?');
  request_.method = view(parsed.method);
  request_.path = target.substr(0, question);
  request_.query = question == std::string_view::npos ? "" : target.substr(question + 1);
  for (const auto& [name, value] : parsed.fields) {
    request_.headers.emplace_back(view(name), view(value));
  }
  if (events_->parser->chunked()) {
    // A string has a terminator behind its text: the spare byte that in-place readers want.
    request_.body = {parsed.chunked_body.data(), parsed.chunked_body.size()};
  } else {
    const Piece body = parsed.body.value_or(Piece{events_->fed, 0});
    request_.body = message.subspan(body.offset, body.size);
  }
}

std::size_t HttpParser::size() const {
  return events_->fed;
}
bool HttpParser::keep_alive() const {
  return events_->parser->keep_alive();
}
bool HttpParser::is_http_1_0() const {
  return events_->parsed.is_http_1_0;
}

bool HttpParser::TakeExpectContinue() {
  return events_->header_size > 0 && std::exchange(events_->parsed.expects_continue, false);
}

int HttpParser::error_status() const {
  return events_->error_status;
}
std::string_view HttpParser::error() const {
  return events_->error;
}

void HttpParser::Reset() {
  events_->parser.reset();
  events_->parsed.Clear();
  EmptyForNext(request_.headers);
  events_->fed = 0;
  events_->header_size = 0;
  events_->chunk_line = 0;
}

}  // namespace pennon::net
