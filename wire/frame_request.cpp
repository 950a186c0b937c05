#include "wire/frame_request.h"

#include "base/utf8.h"
#include "wire/context_builder.h"
#include "wire/frame_writer.h"
#include "wire/limits.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::AttributeKind;

Error CutOff(std::string_view where) {
  return Error::Invalid(where, "the payload ends before its contents do");
}

class ContextDecoder {
 public:
  ContextDecoder(FrameReader& reader, model::Context& context)
      : reader_(reader), context_(context) {}

  // Members of the context, then of whatever is open, without recursion.
  bool Decode() {
    left_[0] = reader_.Get<std::uint16_t>();
    named_[0] = true;
    while (true) {
      const std::size_t depth = context_.depth();
      if (left_[depth] == 0) {
        if (depth == 0) return reader_.ok();
        context_.Close();
        continue;
      }
      --left_[depth];
      const std::string_view name = named_[depth] ? reader_.Text16() : std::string_view();
      if (!reader_.ok() || !base::IsUtf8(name) || !Value(name)) return false;
    }
  }
  [[nodiscard]] std::string_view refusal() const {
    return context_.refusal().empty() ? refusal_ : context_.refusal();
  }

 private:
  bool Value(std::string_view name) {
    switch (static_cast<FrameValue>(reader_.Get<std::uint8_t>())) {
      case FrameValue::kNull:
        return context_.Null(name);
      case FrameValue::kFalse:
        return context_.Bool(name, false);
      case FrameValue::kTrue:
        return context_.Bool(name, true);
      case FrameValue::kInt:
        return context_.Int(name, reader_.Get<std::int64_t>());
      case FrameValue::kDouble:
        return context_.Double(name, reader_.Get<double>());
      case FrameValue::kString:
        return Text(name);
      case FrameValue::kArray:
        return Open(name, AttributeKind::kArray);
      case FrameValue::kObject:
        return Open(name, AttributeKind::kObject);
      case FrameValue::kJson:
        break;
    }
    refusal_ = "context has a value of an unknown kind";
    return false;
  }
  bool Text(std::string_view name) {
    const std::string_view text = reader_.Text32();
    if (!base::IsUtf8(text)) {
      refusal_ = "context has a string that is not UTF-8";
      return false;
    }
    return context_.String(name, text);
  }
  bool Open(std::string_view name, AttributeKind kind) {
    if (!context_.Open(name, kind)) return false;
    left_[context_.depth()] = reader_.Get<std::uint32_t>();
    named_[context_.depth()] = kind == AttributeKind::kObject;
    return reader_.ok();
  }

  FrameReader& reader_;
  ContextBuilder context_;
  // Of what is open; left uninitialized, as clearing them would take longer than most contexts.
  std::array<std::uint32_t, kMaxContextDepth + 1> left_;
  std::array<bool, kMaxContextDepth + 1> named_;
  std::string_view refusal_ = "context has a name that is not UTF-8";
};

void PutNodes(FrameWriter& frame, const model::Attribute* node, const model::Attribute* end,
              bool named);

void PutNode(FrameWriter& frame, const model::Attribute& node) {
  switch (node.kind()) {
    case AttributeKind::kNull:
      frame.Put(FrameValue::kNull);
      break;
    case AttributeKind::kBool:
      frame.Put(node.boolean() ? FrameValue::kTrue : FrameValue::kFalse);
      break;
    case AttributeKind::kInt:
      frame.Put(FrameValue::kInt).Put(node.integer());
      break;
    case AttributeKind::kDouble:
      frame.Put(FrameValue::kDouble).Put(node.number());
      break;
    case AttributeKind::kString:
      frame.Put(FrameValue::kString).Text32(node.text());
      break;
    case AttributeKind::kArray:
    case AttributeKind::kObject: {
      const bool is_object = node.kind() == AttributeKind::kObject;
      frame.Put(is_object ? FrameValue::kObject : FrameValue::kArray);
      std::uint32_t count = 0;
      const model::Attribute* const end = &node + node.size();
      for (const auto* child = &node + 1; child < end; child += child->size()) ++count;
      frame.Put(count);
      PutNodes(frame, &node + 1, end, is_object);
      break;
    }
  }
}

// Recursive: the depth of a context that the caller built is the caller's own.
void PutNodes(FrameWriter& frame, const model::Attribute* node, const model::Attribute* end,
              bool named) {
  for (; node < end; node += node->size()) {
    if (named) frame.Text16(node->name());
    PutNode(frame, *node);
  }
}

void PutContext(FrameWriter& frame, const model::Context& context) {
  const auto& nodes = context.nodes();
  const model::Attribute* const end = nodes.data() + nodes.size();
  std::uint16_t count = 0;
  for (const auto* node = nodes.data(); node < end; node += node->size()) ++count;
  frame.Put(count);
  PutNodes(frame, nodes.data(), end, true);
}

}  // namespace

base::Result<FrameHello> DecodeHello(std::string_view payload) {
  FrameReader reader(payload);
  FrameHello hello;
  hello.version = reader.Get<std::uint16_t>();
  hello.environment = reader.Text16();
  hello.client = reader.Text16();
  if (!reader.ok()) return Fail(CutOff("hello"));
  if (!base::IsUtf8(hello.environment)) {
    return Fail(Error::Invalid("hello.environment", "is not UTF-8"));
  }
  return hello;
}

void AppendHello(std::string& out, std::uint32_t id, const FrameHello& hello) {
  FrameWriter frame(out, FrameType::kHello, 0, id);
  frame.Put(hello.version).Text16(hello.environment).Text16(hello.client);
}

base::Result<void> DecodeEvaluate(FrameType type, std::string_view payload,
                                  std::vector<std::string_view>& keys, model::Context& context) {
  context.Clear();
  keys.clear();
  FrameReader reader(payload);
  const std::size_t count = type == FrameType::kEvaluate ? 1 : reader.Get<std::uint16_t>();
  if (count > kMaxBatchFlags) {
    return Fail(
        Error::Limit("batch", "names more than " + std::to_string(kMaxBatchFlags) + " flags"));
  }
  for (std::size_t i = 0; i < count; ++i) keys.push_back(reader.Text16());
  if (!reader.ok()) return Fail(CutOff("flag key"));
  ContextDecoder decoder(reader, context);
  if (!decoder.Decode()) {
    if (!reader.ok()) return Fail(CutOff("context"));
    return Fail(Error::Invalid("", decoder.refusal()));
  }
  if (!reader.AtEnd()) return Fail(Error::Invalid("context", "is followed by bytes too many"));
  return {};
}

// An attribute without a name, and its kind.
constexpr std::size_t kMinAttributeBytes = sizeof(std::uint16_t) + sizeof(FrameValue);

// What is not a number is looked at in long pieces, with the lengths in it: a length of 128 and
// more passes for what is not ASCII. What this reads with stays in registers.
bool DecodePlainContext(std::string_view bytes, model::Context& context) {
  using model::Attribute;
  FrameReader reader(bytes);
  std::uint16_t count;
  if (!reader.Read(count) || count > kMaxContextNodes ||
      count > reader.rest().size() / kMinAttributeBytes) {
    return false;
  }
  std::uint64_t high_bits = 0;
  const char* piece = bytes.data();
  const auto read_number = [&](auto& number) {
    high_bits |= base::HighBits({piece, static_cast<std::size_t>(reader.next() - piece)});
    const bool has_read = reader.Read(number);
    piece = reader.next();
    return has_read;
  };
  Attribute* next = context.Refill(count);
  for (Attribute* const end = next + count; next != end; ++next) {
    std::string_view name;
    FrameValue kind;
    if (!reader.ReadTextAnd<std::uint16_t>(name, kind)) return false;
    if (kind == FrameValue::kString) {
      std::string_view text;
      if (!reader.ReadText<std::uint32_t>(text)) return false;
      *next = Attribute(name, text);
    } else if (kind == FrameValue::kInt) {
      std::int64_t number;
      if (!read_number(number)) return false;
      *next = Attribute(name, number);
    } else if (kind == FrameValue::kFalse || kind == FrameValue::kTrue) {
      *next = Attribute(name, kind == FrameValue::kTrue);
    } else if (kind == FrameValue::kDouble) {
      double number;
      if (!read_number(number)) return false;
      *next = Attribute(name, number);
    } else {
      return false;
    }
  }
  high_bits |= base::HighBits({piece, static_cast<std::size_t>(reader.next() - piece)});
  return reader.AtEnd() && (high_bits & base::kHighBits) == 0;
}

void AppendEvaluate(std::string& out, std::uint32_t id, std::uint16_t flags, std::string_view key,
                    const model::Context& context) {
  FrameWriter frame(out, FrameType::kEvaluate, flags, id);
  frame.Text16(key);
  PutContext(frame, context);
}

void AppendExplain(std::string& out, std::uint32_t id, std::string_view key,
                   const model::Context& context) {
  FrameWriter frame(out, FrameType::kExplain, 0, id);
  frame.Text16(key);
  PutContext(frame, context);
}

void AppendBatch(std::string& out, std::uint32_t id, std::uint16_t flags,
                 const std::vector<std::string_view>& keys, const model::Context& context) {
  FrameWriter frame(out, FrameType::kBatch, flags, id);
  frame.Put(static_cast<std::uint16_t>(keys.size()));
  for (const std::string_view key : keys) frame.Text16(key);
  PutContext(frame, context);
}

}  // namespace pennon::wire
