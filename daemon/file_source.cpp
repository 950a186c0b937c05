#include "daemon/file_source.h"

#include <memory>
#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "daemon/translated_set.h"

namespace pennon::daemon {

void FileSource::Watch(std::function<void()> changed) {
  watch_.emplace(config_.upstream_file, control_, std::move(changed));
}

void FileSource::Fetch(const std::string& validator, std::function<void(SourceResult)> done) {
  // Before the look, so that a change after it is told.
  if (watch_) watch_->Refresh();
  control_.Post([result = std::make_shared<SourceResult>(Read(validator)), done = std::move(done)] {
    done(std::move(*result));
  });
}

SourceResult FileSource::Read(const std::string& validator) {
  const auto failed = [](base::Error error) {
    return tl::unexpected<FetchFailure>({std::move(error), 0, false});
  };
  const std::string& path = config_.upstream_file;
  const auto text = base::ReadFile(path, config_.max_body.bytes);
  if (!text) return failed(text.error());
  SourceSet set;
  set.validator = base::Sha256Hex(*text);
  if (set.validator == validator) {
    set.not_modified = true;
    return set;
  }
  auto translated = TranslateSet(*text, DocumentOptionsOf(config_));
  if (!translated) return failed(translated.error().Within(path));
  set.lines = std::move(translated->lines);
  set.diagnostics = std::move(translated->diagnostics);
  return set;
}

}  // namespace pennon::daemon
