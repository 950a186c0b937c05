#include "engine/logic_cbor.h"

#include <algorithm>
#include <cmath>

#include "engine/cbor.h"
#include "engine/literal.h"

namespace pennon::engine {
namespace {

using model::Attribute;

struct Member {
  std::string_view name;
  LogicValue value;
};

class Hasher {
 public:
  explicit Hasher(LogicMemory& memory) : memory_(memory) {}

  std::optional<std::uint32_t> Hash(const LogicValue& value) {
    if (!Add(value, 0)) return std::nullopt;
    return hash_.Finish();
  }

 private:
  bool Add(const LogicValue& value, std::size_t depth) {
    if (!memory_.Spend()) return false;
    switch (value.kind()) {
      case LogicKind::kUndefined:
      case LogicKind::kNull:
        hash_.Update(kCborNull);
        return true;
      case LogicKind::kBool:
        hash_.Update(value.boolean() ? kCborTrue : kCborFalse);
        return true;
      case LogicKind::kInt:
        HashCborInt(hash_, value.integer());
        return true;
      case LogicKind::kDouble:
        return Number(value.number());
      case LogicKind::kString:
        HashCborText(hash_, value.text());
        return true;
      case LogicKind::kContext:
        return false;
      default:
        break;
    }
    if (depth > kMaxLogicDepth) return false;
    return value.IsArray() ? Array(value, depth + 1) : Object(value, depth + 1);
  }

  bool Number(double number) {
    constexpr double kFirstBeyondInt = 9223372036854775808.0;  // 2^63
    if (!std::isfinite(number)) return false;
    if (const auto whole = WholeNumber(number)) {
      HashCborInt(hash_, *whole);
    } else if (number >= kFirstBeyondInt && number < 2 * kFirstBeyondInt) {
      HashCborHead(hash_, CborMajor::kUnsigned, static_cast<std::uint64_t>(number));
    } else {
      HashCborFloat(hash_, number);
    }
    return true;
  }

  bool Array(const LogicValue& array, std::size_t depth) {
    std::size_t size = 0;
    array.ForEach([&](const LogicValue& /*element*/) { return ++size != 0; });
    HashCborHead(hash_, CborMajor::kArray, size);
    bool ok = true;
    array.ForEach([&](const LogicValue& element) { return ok = Add(element, depth); });
    return ok;
  }

  // Members in the order of their encoded names, so shorter ones first; of equal names the last.
  bool Object(const LogicValue& object, std::size_t depth) {
    LogicBuffer<Member> buffer(memory_);
    Collect(object, buffer);
    const auto items = buffer.items();
    Member* const first = const_cast<Member*>(items.data());
    Member* end = first + items.size();
    std::stable_sort(first, end, [](const Member& a, const Member& b) {
      return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
    });
    Member* kept = first;
    for (Member* at = first; at != end; ++at) {
      if (at + 1 != end && at[1].name == at->name) continue;
      *kept++ = *at;
    }
    end = kept;
    HashCborHead(hash_, CborMajor::kMap, static_cast<std::uint64_t>(end - first));
    return std::all_of(first, end, [&](const Member& member) {
      HashCborText(hash_, member.name);
      return Add(member.value, depth);
    });
  }
  static void Collect(const LogicValue& object, LogicBuffer<Member>& members) {
    if (object.kind() == LogicKind::kNodeObject) {
      const Attribute* const end = &object.node() + object.node().size();
      for (const Attribute* at = &object.node() + 1; at < end; at += at->size()) {
        members.Append({at->name(), LogicValue::Of(*at)});
      }
      return;
    }
    const auto pairs = object.values();
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
      if (pairs[i].IsString()) members.Append({pairs[i].text(), pairs[i + 1]});
    }
  }

  LogicMemory& memory_;
  Murmur3 hash_;
};

}  // namespace

std::optional<std::uint32_t> HashCbor(const LogicValue& value, LogicMemory& memory) {
  return Hasher(memory).Hash(value);
}

std::uint32_t HashCborTexts(std::string_view first, std::string_view second) {
  Murmur3 hash;
  HashCborHead(hash, CborMajor::kArray, 2);
  HashCborText(hash, first);
  HashCborText(hash, second);
  return hash.Finish();
}

}  // namespace pennon::engine
