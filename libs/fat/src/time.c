/* fat: days since 1980 and seconds by two, and back. */
#include "private.h"

#define DAY 86400
#define YEAR_FIRST 1980
#define YEAR_LAST 2107

/* Days from 1970-01-01 to the first of March of @year (the proleptic Gregorian calendar). */
static int64_t days_to_march(int64_t year)
{
	return year * 365 + year / 4 - year / 100 + year / 400 - 719468;
}

/* Days from the first of March to that of @month, counted from March, 0 to 11. */
static int64_t days_of_months(int64_t month)
{
	return (153 * month + 2) / 5;
}

struct fat_time fat_time_decode(uint32_t date, uint32_t time, uint32_t hundredths)
{
	int64_t year = YEAR_FIRST + (date >> 9), month = date >> 5 & 15, day = date & 31;
	int64_t days;

	if (!date)
		return (struct fat_time){ 0 };
	if (month < 1 || month > 12)
		month = 1;
	if (!day)
		day = 1;
	if (month < 3) {
		year--;
		month += 12;
	}
	days = days_to_march(year) + days_of_months(month - 3) + day - 1;
	return (struct fat_time){
		.sec = days * DAY + (time >> 11) * 3600 + (time >> 5 & 63) * 60 + (time & 31) * 2 + hundredths / 100,
		.nsec = hundredths % 100 * 10000000,
	};
}

void fat_time_encode(struct fat_time time, uint32_t *date, uint32_t *tod, uint32_t *hundredths)
{
	int64_t days = time.sec / DAY, year, month, day;
	uint32_t sec = (uint32_t)(time.sec - days * DAY);

	*tod = *hundredths = 0;
	*date = 1 << 5 | 1;
	if (time.sec < 0)
		return;
	year = (days + 719468) * 400 / 146097;
	while (days_to_march(year + 1) <= days)
		year++;
	while (days_to_march(year) > days)
		year--;
	days -= days_to_march(year);
	month = (5 * days + 2) / 153;
	day = days - days_of_months(month) + 1;
	month += 3;
	if (month > 12) {
		month -= 12;
		year++;
	}
	if (year < YEAR_FIRST)
		return;
	if (year > YEAR_LAST) {
		*date = 127 << 9 | 12 << 5 | 31;
		return;
	}
	*date = (uint32_t)((year - YEAR_FIRST) << 9 | month << 5 | day);
	*tod = sec / 3600 << 11 | sec / 60 % 60 << 5 | sec % 60 / 2;
	*hundredths = sec % 2 * 100 + time.nsec / 10000000;
}
