# Writes the migrations into a .cc file, so that the program needs no file at run time:
#   cmake -DSQL="0001_initial.sql;..." -DOUTPUT=migrations.cc -P embed.cmake
# The numbers must be 0001, 0002, ... without a gap: two people who add the same one find out here.
set(expected 0)
set(entries "")
foreach(file ${SQL})
  get_filename_component(base ${file} NAME_WE)
  if(NOT base MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
  endif()
  set(digits ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  string(REGEX REPLACE "^0+" "" number ${digits})
  math(EXPR expected "${expected} + 1")
  if(NOT number EQUAL expected)
    message(FATAL_ERROR "${file}: expected migration number ${expected} here; numbers are gapless and unique")
  endif()
  file(READ ${file} text)
  string(APPEND entries "    {${number}, \"${name}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by src/storage/migrations/embed.cmake.
#include \"storage/migrations.h\"

namespace slipway::storage {
namespace {
constexpr Migration kMigrations[] = {
${entries}};
}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

}  // namespace slipway::storage
")
