#include "daemon/file_watch.h"

#include <limits.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>

namespace pennon::daemon {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as the kernel has it
constexpr std::int64_t kSettleMillis = 20;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

struct Place {
  std::string directory;
  std::string name;
};

// The names that decide which file the path leads to: each symbolic link on the way, and the end.
std::vector<Place> PlacesOf(const fs::path& path) {
  std::error_code ec;
  std::vector<Place> places;
  const fs::path whole = fs::absolute(path, ec);
  std::deque<fs::path> rest(whole.begin(), whole.end());
  fs::path at;
  int links = 0;
  while (!rest.empty()) {
    const fs::path name = std::move(rest.front());
    rest.pop_front();
    const fs::path next = at / name;
    const bool is_link = fs::is_symlink(fs::symlink_status(next, ec));
    if (is_link || rest.empty()) places.push_back({at.string(), name.string()});
    if (!is_link) {
      at = next;
      continue;
    }
    if (++links > kMaxLinks) break;
    const fs::path target = fs::read_symlink(next, ec);
    if (target.is_absolute()) at.clear();
    rest.insert(rest.begin(), target.begin(), target.end());
  }
  return places;
}

}  // namespace

FileWatch::FileWatch(std::string path, net::ControlLoop& control, std::function<void()> changed)
    : path_(std::move(path)), control_(control), changed_(std::move(changed)) {
  inotify_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify_ < 0) return;
  Refresh();
  readable_ = control_.OnReadable(inotify_, [this] { OnReadable(); });
}

FileWatch::~FileWatch() {
  readable_ = {};
  if (inotify_ >= 0) ::close(inotify_);
}

void FileWatch::AddWatch(const std::string& directory, const std::string& name) {
  const int watch = ::inotify_add_watch(inotify_, directory.c_str(), kEvents);
  if (watch >= 0) names_[watch].insert(name);
}

void FileWatch::Refresh() {
  if (inotify_ < 0) return;
  auto before = std::exchange(names_, {});
  for (const Place& place : PlacesOf(path_)) AddWatch(place.directory, place.name);
  for (const auto& [watch, names] : before) {
    if (!names_.contains(watch)) (void)::inotify_rm_watch(inotify_, watch);
  }
}

void FileWatch::OnReadable() {
  alignas(inotify_event) std::array<char, 64 * (sizeof(inotify_event) + NAME_MAX + 1)> buffer;
  bool matters = false;
  for (;;) {
    const ssize_t size = ::read(inotify_, buffer.data(), buffer.size());
    if (size <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_IGNORED) != 0) continue;  // follows what has been told, or our own
      const auto names = names_.find(event.wd);
      const bool is_self = (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_Q_OVERFLOW)) != 0;
      matters = matters || is_self ||
                (names != names_.end() && event.len > 0 && names->second.contains(name));
    }
  }
  // A program that writes in steps makes many events: one look after the last of them.
  if (matters) settle_ = control_.After(kSettleMillis, [this] { changed_(); });
}

}  // namespace pennon::daemon
