#include "proxy/load/http_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace regatta::load {
namespace {

using progress = http_reader::progress;

struct reading {
  progress last = progress::more;
  std::string body;
  std::string rest;
};

// Feeds all bytes, and stops where the answer does.
void feed(http_reader& reader, std::string_view bytes, reading& found) {
  do {
    found.last = reader.read(bytes);
    if (found.last == progress::body) found.body += reader.piece();
  } while (found.last == progress::body);
  found.rest = bytes;
}

reading read_in_pieces(http_reader& reader, std::string_view bytes, std::size_t cut) {
  reading found;
  feed(reader, bytes.substr(0, cut), found);
  if (found.last == progress::more) feed(reader, bytes.substr(cut), found);
  return found;
}

struct example {
  char const* name;
  std::string bytes;
  u32 status;
  std::string body;
  bool closes;
};

std::vector<example> const examples = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello", 200, "hello",
     false},
    {"no body", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200, "", false},
    {"no content", "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", 204, "", false},
    {"chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
     "5;extension=1\r\nhello\r\nA\r\n 123456789\r\n0\r\nTrailer: yes\r\n\r\n",
     200, "hello 123456789", false},
    {"close", "HTTP/1.1 404 Not Found\r\nCONNECTION: Upgrade, Close\r\nContent-Length: 2\r\n\r\nno",
     404, "no", true},
    {"old", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
    {"old that stays", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
     200, "ok", false},
    {"after continue",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok",
     false},
    {"bare line ends and no reason", "HTTP/1.1 200\nContent-Length: 2\n\nok", 200, "ok", false},
    {"long line",
     "HTTP/1.1 200 OK\r\nCookie: " + std::string(500, 'c') + "\r\nContent-Length: 2\r\n\r\nok", 200,
     "ok", false},
};

TEST(HttpReader, ReadsAnswersSplitAtAnyByte) {
  for (auto const& e : examples) {
    for (std::size_t cut = 0; cut <= e.bytes.size(); ++cut) {
      http_reader reader;
      auto const found = read_in_pieces(reader, e.bytes, cut);
      ASSERT_EQ(found.last, progress::whole) << e.name << " cut at " << cut;
      EXPECT_EQ(found.body, e.body) << e.name << " cut at " << cut;
      EXPECT_EQ(reader.body_bytes(), e.body.size());
      EXPECT_EQ(reader.status(), e.status);
      EXPECT_EQ(reader.closes(), e.closes) << e.name;
      EXPECT_EQ(found.rest, "");
    }
  }
}

TEST(HttpReader, ReadsAnswersByteByByte) {
  for (auto const& e : examples) {
    http_reader reader;
    reading found;
    for (std::size_t i = 0; i != e.bytes.size(); ++i) {
      feed(reader, std::string_view(e.bytes).substr(i, 1), found);
      auto const expected = i + 1 == e.bytes.size() ? progress::whole : progress::more;
      ASSERT_EQ(found.last, expected) << e.name << " at byte " << i;
    }
    EXPECT_EQ(found.body, e.body) << e.name;
  }
}

TEST(HttpReader, LeavesWhatDoesNotBelongToTheAnswer) {
  for (auto const& e : examples) {
    http_reader reader;
    auto const more = e.bytes + "HTTP/1.1";
    auto const found = read_in_pieces(reader, more, more.size());
    EXPECT_EQ(found.last, progress::whole) << e.name;
    EXPECT_EQ(found.rest, "HTTP/1.1") << e.name;
  }
}

TEST(HttpReader, ReadsTheNextAnswerAfterARestart) {
  http_reader reader;
  for (auto const& e : examples) {
    reader.restart();
    EXPECT_TRUE(reader.is_fresh());
    auto const found = read_in_pieces(reader, e.bytes, e.bytes.size() / 2);
    EXPECT_EQ(found.last, progress::whole) << e.name;
    EXPECT_EQ(found.body, e.body) << e.name;
  }
}

TEST(HttpReader, KnowsABodyThatEndsWithTheConnection) {
  http_reader reader;
  reading found;
  feed(reader, "HTTP/1.1 200 OK\r\n\r\nall of ", found);
  EXPECT_EQ(found.last, progress::more);
  feed(reader, "it", found);
  EXPECT_EQ(found.body, "all of it");
  EXPECT_EQ(reader.end(), progress::whole);
  EXPECT_TRUE(reader.closes());
}

TEST(HttpReader, KnowsAnAnswerThatWasCutOff) {
  http_reader reader;
  reading found;
  EXPECT_EQ(reader.end(), progress::wrong);
  feed(reader, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", found);
  EXPECT_EQ(reader.end(), progress::wrong);
}

TEST(HttpReader, RefusesWhatIsNoHttp) {
  for (std::string const bytes :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/2.0 200 OK\r\n", "HTTP/1.1 abc OK\r\n", "HTTP/1.1 099 X\r\n",
        "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n", "\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"}) {
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      http_reader reader;
      EXPECT_EQ(read_in_pieces(reader, bytes, cut).last, progress::wrong) << bytes << cut;
    }
  }
}

}  // namespace
}  // namespace regatta::load
