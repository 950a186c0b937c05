// Notices that a file may have become another one, whichever way that was done: written in place,
// renamed over (editors), or by another target of a symbolic link on its path (Kubernetes swaps
// `..data`, which the files of a ConfigMap are reached through).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "net/control_loop.h"

namespace pennon::daemon {

/// Confined to the control thread.
class FileWatch {
 public:
  /// `changed` is called soon after anything happened to the path; often once too often. Where
  /// inotify is not to be had it is never called.
  FileWatch(std::string path, net::ControlLoop& control, std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Follows the path as it is now; to be called after each look at the file.
  void Refresh();

 private:
  void AddWatch(const std::string& directory, const std::string& name);
  void OnReadable();

  std::string path_;
  net::ControlLoop& control_;
  std::function<void()> changed_;
  int inotify_ = -1;
  std::map<int, std::set<std::string>> names_;  // by watch: what counts in that directory
  net::ControlLoop::Watch readable_;
  net::ControlLoop::Timer settle_;
};

}  // namespace pennon::daemon
