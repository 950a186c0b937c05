# Run by CTest: fails, naming both files, when a file includes what its layer may not.
# The table is section "Layers" of docs/architecture.md.
cmake_policy(VERSION 3.25)
set(may_base "")
set(may_model base)
set(may_engine model base)
set(may_wire model base)
set(may_net base)
set(may_serving engine wire net model base)
# pennon/ is what libpennon shows: its headers include each other as users do.
set(may_client engine wire model base pennon)
set(may_cli client net engine wire model base)
set(may_daemon serving engine wire net model base)
set(may_store serving engine wire net model base)

# A library lives behind one place: "header pattern@files that may include it".
set(doors
  "rapidjson/@^wire/"
  "boost/@^net/"
  "curl/@^net/"
  "yaml-cpp/@^(base/settings|wire/)"
  "sqlite3.h@^base/sqlite"
  "sodium.h@^store/password"
  "libpq-fe.h@^store/(postgres_driver|replica_watch)"
  "spdlog/@^base/log"
  "prometheus/@^base/metrics"
  "re2/@^engine/regex"
  "openssl/@^(base/(digest|ed25519)|net/)"
  "zlib.h@^base/gzip")

set(wrong 0)
foreach(layer base model engine wire net serving client cli daemon store)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${layer}/*.h ${ROOT}/${layer}/*.cpp)
  foreach(file ${files})
    file(STRINGS ${ROOT}/${file} includes REGEX "^#include")
    foreach(line ${includes})
      if(line MATCHES "\"([a-z]+)/([^\"]+)\"")
        set(target ${CMAKE_MATCH_1})
        if(NOT target STREQUAL layer AND NOT target IN_LIST may_${layer})
          message("${file} includes ${target}/${CMAKE_MATCH_2}, but ${layer}/ may not include ${target}/")
          set(wrong 1)
        endif()
      elseif(line MATCHES "<([^>]+)>")
        set(header ${CMAKE_MATCH_1})
        foreach(door ${doors})
          string(REPLACE "@" ";" door ${door})
          list(GET door 0 pattern)
          list(GET door 1 place)
          if(header MATCHES "^${pattern}" AND NOT file MATCHES "${place}")
            message("${file} includes <${header}>, which only ${place} may")
            set(wrong 1)
          endif()
        endforeach()
      endif()
    endforeach()
  endforeach()
endforeach()
if(wrong)
  message(FATAL_ERROR "layers: a file includes what its layer may not; move the code, do not widen the table")
endif()
